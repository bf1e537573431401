"""Fetching the base: over a stand-in of the hub with its faults, from mirrors and folders, and not at all."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from helpers.hub import StandIn
from helpers.projects import ROOT
from vago import VagoError
from vago import files as vago_files
from vago.model import download, xtts
from vago.model import hub as hub_transfer
from vago.model.download import LICENCE, MANIFEST, Known

SHARED = ROOT.parent / "shared/data/xtts"
NAMES = (*xtts.FILES, LICENCE)


def known(files: dict[str, bytes]) -> dict[str, Known]:
    return {
        name: Known(len(content), hashlib.sha256(content).hexdigest())
        for name, content in files.items()
    }


@pytest.fixture
def files() -> dict[str, bytes]:
    """Small files under the published names; model.pth and dvae.pth large enough for the hub's large storage."""
    sizes = {"model.pth": 200_000, "dvae.pth": 30_000, "speakers_xtts.pth": 900}
    made = {name: hashlib.shake_256(name.encode()).digest(sizes.get(name, 300)) for name in NAMES}
    return made | {LICENCE: b"The licence text.\n"}


@pytest.fixture
def hub(files, monkeypatch):
    """The stand-in as the hub itself, at the published revision."""
    import huggingface_hub
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub_transfer, "WAIT_SECONDS", 0.01)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    huggingface_hub.close_session()
    with StandIn(files, download.REVISION) as hub:
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, hub.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        yield hub
    huggingface_hub.close_session()


@pytest.fixture
def run(files, tmp_path):
    """fetch() of the stand-in files with the licence accepted, into tmp_path/base; what it says is in run.said."""

    def call(folder="base", **given):
        settings = {"accept": True, "expected": known(files), "log": call.said.append}
        return download.fetch(tmp_path / folder, **{**settings, **given})

    call.said, call.folder = [], tmp_path / "base"
    return call


def content(folder: Path) -> dict[str, bytes]:
    """Of the files a user sees, without the manifest."""
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.name[0] != "." and path.name != MANIFEST
    }


def script(files: dict[str, bytes], folder: Path, **given) -> str:
    """Python source that calls fetch() as a user's process would."""
    expected = {name: tuple(must) for name, must in known(files).items()}
    return f"""
import sys
from vago import VagoError
from vago.model.download import Known, fetch
try:
    fetch({str(folder)!r}, expected={{name: Known(*must) for name, must in {expected!r}.items()}}, **{given!r})
except VagoError as error:
    sys.exit(f"vago: {{error}}")
"""


def one_sentence(error) -> str:
    assert "\n" not in str(error.value) and len(str(error.value)) < 600
    return str(error.value)


def test_fetches_checks_and_writes_down_everything(hub, run, files):
    manifest = run()
    assert content(run.folder) == files
    assert json.loads((run.folder / MANIFEST).read_text()) == manifest
    assert manifest["revision"] == download.REVISION and manifest["repository"] == "coqui/XTTS-v2"
    for name, must in known(files).items():
        record = manifest["files"][name]
        assert Known(record["bytes"], record["sha256"]) == must
        assert (record["source"], record["checked"]) == (hub.url, "published")
    assert manifest["licence"]["how"] == "--accept-license" and manifest["licence"][
        "accepted"
    ].endswith("+00:00")
    assert manifest["licence"]["sha256"] == known(files)[LICENCE].sha256
    assert sorted(path.name for path in run.folder.iterdir() if path.name.startswith(".")) in (
        [],
        [".fetch.lock"],
    )
    xtts.check_files(run.folder)


def test_each_file_goes_over_the_line_once_and_the_token_stays_with_the_hub(hub, run):
    run()
    for name in NAMES:
        (get,) = hub.asked("GET", name)
        assert get.first_byte is None
    at_storage = [request for request in hub.requests if request.path.startswith("/storage/")]
    assert len(at_storage) == 2 and not any(request.authorization for request in at_storage)
    assert all(
        request.authorization == "Bearer hf_secret"
        for request in hub.requests
        if "/resolve/" in request.path
    )


def test_the_second_time_nothing_is_asked_or_read(hub, run, monkeypatch):
    run()
    hub.requests.clear()
    before = (run.folder / MANIFEST).stat().st_mtime_ns
    monkeypatch.setattr(hub_transfer, "source", lambda *a: pytest.fail("went looking for a source"))
    read = []
    monkeypatch.setattr(
        download,
        "sha256_of",
        lambda path: read.append(path.name) or hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    run(accept=False)
    assert not hub.requests and read == [LICENCE] and "nothing to fetch" in run.said[-1]
    assert (run.folder / MANIFEST).stat().st_mtime_ns == before, (
        "the same manifest is not written anew"
    )


def test_works_without_the_hub_afterwards(hub, run, monkeypatch):
    from huggingface_hub import constants

    run()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.requests.clear()
    run()
    os.utime(run.folder / "model.pth")  # as if copied: read again, still without the hub
    run()
    assert not hub.requests
    (run.folder / "dvae.pth").unlink()
    with pytest.raises(
        VagoError, match="dvae.pth is not here yet and HF_HUB_OFFLINE is set"
    ) as error:
        run()
    one_sentence(error)


def test_a_cut_connection_is_taken_up_where_it_broke(hub, run, files):
    hub.cuts["model.pth"] = [50_000, 70_000, 0]
    hub.cuts["vocab.json"] = [100]
    run()
    assert content(run.folder) == files
    assert [get.first_byte for get in hub.asked("GET", "model.pth")] == [
        None,
        50_000,
        120_000,
        120_000,
    ]
    assert [get.first_byte for get in hub.asked("GET", "vocab.json")] == [None, 100]


def test_a_connection_that_is_reset_or_stands_still_is_taken_up_as_well(
    hub, run, files, monkeypatch
):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 2)
    hub.resets, hub.cuts["model.pth"], hub.stalls["dvae.pth"] = True, [50_000, 1000], 20_000
    run()
    assert content(run.folder) == files
    assert [get.first_byte for get in hub.asked("GET", "model.pth")] == [None, 50_000, 51_000]
    assert [get.first_byte for get in hub.asked("GET", "dvae.pth")] == [None, 20_000]


def test_after_a_line_that_stays_dead_the_next_run_goes_on(hub, run, files):
    hub.cuts["model.pth"] = [80_000] + [0] * 100
    with pytest.raises(
        VagoError, match="model.pth could not be fetched from .*what has come is kept"
    ) as error:
        run()
    one_sentence(error)
    assert not (run.folder / "model.pth").exists() and (run.folder / "vocab.json").exists()
    hub.cuts.clear()
    hub.requests.clear()
    run(accept=False)
    assert content(run.folder) == files
    assert [get.first_byte for get in hub.asked("GET", "model.pth")] == [80_000]
    assert not hub.asked("GET", "vocab.json") and not hub.asked("HEAD", LICENCE)
    assert not list(run.folder.glob(".*.part"))


def test_a_stop_keeps_what_has_come(hub, run, files):
    """Ctrl-C in the middle of model.pth."""
    hub.stalls["model.pth"] = 60_000
    command = [sys.executable, "-c", script(files, run.folder, accept=True, source=hub.url)]
    part = run.folder / f".model.pth.{download.REVISION}.part"
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 120
        while (
            not (part.exists() and part.stat().st_size == 60_000)
            and time.monotonic() < deadline
            and running.poll() is None
        ):
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in running.communicate(timeout=120)[1]
    assert part.read_bytes() == files["model.pth"][:60_000] and (run.folder / "vocab.json").exists()
    hub.requests.clear()
    run()
    assert [get.first_byte for get in hub.asked("GET", "model.pth")] == [60_000] and content(
        run.folder
    ) == files


def test_a_server_that_cannot_go_on_in_the_middle_starts_over(hub, run, files):
    hub.ranges = False
    hub.cuts["model.pth"] = [50_000, 30_000]
    run()
    assert content(run.folder) == files
    assert [get.first_byte for get in hub.asked("GET", "model.pth")] == [None, 50_000, 30_000]


def test_a_file_with_the_wrong_content_is_moved_aside_and_the_next_run_fetches_it(hub, run, files):
    bad = bytes(len(files["model.pth"]))
    hub.sent["model.pth"] = bad
    with pytest.raises(
        VagoError, match="model.pth from .* is not the expected file .SHA-256 .* was moved to"
    ) as error:
        run()
    aside = run.folder / f"model.pth.wrong-{hashlib.sha256(bad).hexdigest()[:12]}"
    assert str(aside) in one_sentence(error) and aside.read_bytes() == bad
    assert not (run.folder / "model.pth").exists()
    del hub.sent["model.pth"]
    run()
    assert content(run.folder) == files | {aside.name: bad}


@pytest.mark.parametrize("name", ["model.pth", "vocab.json"])
def test_another_size_is_noticed_before_anything_is_fetched(hub, run, name):
    hub.announced[name] = 12_345
    with pytest.raises(
        VagoError, match=f"offers another {name} than expected .12,345 bytes where"
    ) as error:
        run()
    one_sentence(error)
    assert [
        request.path.rsplit("/")[-1] for request in hub.requests if request.method == "GET"
    ] == [LICENCE]


def test_another_hash_is_noticed_before_anything_is_fetched_where_the_hub_names_it(hub, run, files):
    other = known(files) | {"dvae.pth": Known(len(files["dvae.pth"]), "0" * 64)}
    with pytest.raises(VagoError, match="offers another dvae.pth than expected .SHA-256"):
        run(expected=other)
    assert not hub.asked("GET", "dvae.pth")


@pytest.mark.parametrize("length", [100_000, 300_000])
def test_a_body_of_another_length_than_announced_ends_in_a_sentence(hub, run, files, length):
    hub.sent["model.pth"] = bytes(length)
    with pytest.raises(VagoError, match="model.pth") as error:
        run()
    one_sentence(error)
    assert not (run.folder / "model.pth").exists()


def test_refusals_are_one_sentence(hub, run):
    hub.fails["dvae.pth"] = 403
    with pytest.raises(VagoError, match="answers 403 for dvae.pth: .*--from") as error:
        run()
    one_sentence(error)
    hub.fails.clear()
    with pytest.raises(VagoError, match="has no config.json, .* at v9: see --revision") as error:
        run("other", revision="v9", expected={})
    one_sentence(error)


def test_no_network(run, hub):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(
        VagoError,
        match=f"LICENSE.txt could not be fetched from {nobody} .*see to the network.*--from",
    ) as error:
        run(source=nobody)
    one_sentence(error)
    for no_url in ("ftp://127.0.0.1/", "http://[", "http://127.0.0.1:99999999"):
        with pytest.raises(VagoError, match="could not be fetched") as error:
            run(source=no_url)
        one_sentence(error)


def test_no_room_is_said_before_anything_large_is_fetched(hub, run, monkeypatch):
    monkeypatch.setattr(
        vago_files.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 10 * 2**20})
    )
    with pytest.raises(
        VagoError, match=r"fetching XTTS-v2 needs \d+ MiB in .*10 MiB are free"
    ) as error:
        run()
    one_sentence(error)
    assert not hub.asked("GET", "model.pth")


def test_what_has_come_already_needs_no_room_again(hub, run, files, monkeypatch):
    needed = []
    monkeypatch.setattr(download, "need_room", lambda folder, size, doing: needed.append(size))
    hub.cuts["model.pth"] = [80_000] + [0] * 100
    with pytest.raises(VagoError):
        run()
    hub.cuts.clear()
    run()
    total = sum(map(len, files.values())) - len(files[LICENCE])
    assert needed == [
        total,
        sum(len(files[n]) for n in ("model.pth", "dvae.pth", "mel_stats.pth", "speakers_xtts.pth"))
        - 80_000,
    ]


@pytest.mark.parametrize("small_disk", ["160k"], indirect=True)
@pytest.mark.parametrize("source", ["hub", "folder"])
def test_a_disk_that_fills_up_while_fetching(
    source, hub, run, files, small_disk, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        download, "need_room", lambda *a: None
    )  # somebody else takes the space after the check
    given = {} if source == "hub" else {"source": str(written(tmp_path / "here", files))}
    with pytest.raises(
        VagoError, match="model.pth cannot be written .No space left on device.*has room"
    ) as error:
        run(small_disk, **given)
    one_sentence(error)
    assert content(small_disk).keys() == {"config.json", "vocab.json", LICENCE}
    if source == "hub":
        subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
        hub.requests.clear()
        run(small_disk)
        (get,) = hub.asked("GET", "model.pth")
        assert get.first_byte > 50_000 and content(small_disk) == files


def test_a_folder_that_cannot_be_written(run, tmp_path):
    (tmp_path / "base").write_text("a file")
    with pytest.raises(VagoError, match="base cannot be written") as error:
        run()
    one_sentence(error)


def written(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, some in files.items():
        (folder / name).write_bytes(some)
    return folder


def test_files_put_there_by_hand_are_checked_and_nothing_is_asked_of_anybody(
    run, files, hub, monkeypatch
):
    del files[LICENCE]
    written(run.folder, files)
    monkeypatch.setattr(hub_transfer, "source", lambda *a: pytest.fail("went looking for a source"))
    manifest = run()
    assert {record["source"] for record in manifest["files"].values()} == {"was in the folder"}
    assert manifest["files"].keys() == files.keys() and content(run.folder) == files
    run(accept=False)


def test_what_is_missing_beside_them_is_fetched(run, files, hub):
    written(run.folder, {name: files[name] for name in ("model.pth", "config.json", "vocab.json")})
    manifest = run()
    assert not hub.asked("GET", "model.pth") and content(run.folder) == files
    sources = {name: record["source"] for name, record in manifest["files"].items()}
    assert sources["model.pth"] == "was in the folder" and sources["dvae.pth"] == hub.url


def test_wrong_files_in_the_folder_are_moved_aside_all_at_once(run, files, hub):
    written(run.folder, files | {"model.pth": b"torn", "vocab.json": b"{}"})
    with pytest.raises(
        VagoError, match="held files that are not the expected ones, run again"
    ) as error:
        run()
    said = one_sentence(error)
    assert (
        "vocab.json (2 bytes where 300 are expected)" in said
        and "model.pth (4 bytes where 200,000" in said
    )
    assert not hub.requests
    aside = {
        f"{n}.wrong-{hashlib.sha256(c).hexdigest()[:12]}": c
        for n, c in (("model.pth", b"torn"), ("vocab.json", b"{}"))
    }
    run()
    assert content(run.folder) == files | aside


def test_a_file_changed_after_it_was_checked_is_noticed(run, files, hub):
    run()
    changed = b"x" + files["config.json"][1:]
    (run.folder / "config.json").write_bytes(changed)
    with pytest.raises(VagoError, match="config.json .SHA-256"):
        run()
    run()
    assert (run.folder / "config.json").read_bytes() == files["config.json"]


def test_another_folder_is_copied_from_and_left_alone(run, files, hub, tmp_path):
    here = written(tmp_path / "here", files)
    manifest = run(source=str(here))
    assert content(run.folder) == files == content(here) and not hub.requests
    assert {record["source"] for record in manifest["files"].values()} == {str(here)}
    with open(run.folder / "model.pth", "r+b") as file:  # as coqui-tts does
        file.write(b"changed")
    assert content(here) == files


def test_a_snapshot_of_the_hubs_own_cache_is_links_and_will_do(run, files, hub, tmp_path):
    blobs = written(tmp_path / "blobs", files)
    (tmp_path / "snapshot").mkdir()
    for name in files:
        (tmp_path / "snapshot" / name).symlink_to(blobs / name)
    run(source=str(tmp_path / "snapshot"))
    assert content(run.folder) == files and not any(
        path.is_symlink() for path in run.folder.iterdir()
    )


def test_a_folder_with_a_part_of_the_files_gives_what_it_has(run, files, hub, tmp_path):
    here = written(tmp_path / "here", {name: files[name] for name in ("model.pth", "vocab.json")})
    with pytest.raises(
        VagoError,
        match="has no config.json, dvae.pth, mel_stats.pth, speakers_xtts.pth; what it has was taken",
    ):
        run(source=str(here))
    run()
    assert content(run.folder) == files and not hub.asked("GET", "model.pth")
    with pytest.raises(VagoError, match="--from .*nowhere: there is no such folder"):
        run("other", source=str(tmp_path / "nowhere"))


def test_a_wrong_file_in_another_folder_is_refused_and_left_there(run, files, hub, tmp_path):
    here = written(tmp_path / "here", files | {"model.pth": b"short"})
    with pytest.raises(
        VagoError, match="offers another model.pth than expected .5 bytes.*coqui-tts rewrites"
    ) as error:
        run(source=str(here))
    one_sentence(error)
    assert (here / "model.pth").read_bytes() == b"short"


@pytest.mark.parametrize("plain", [False, True], ids=["another hub", "a web folder"])
def test_a_mirror(run, files, hub, plain):
    with StandIn(files, download.REVISION, plain=plain) as mirror:
        mirror.cuts["model.pth"] = [10_000]
        manifest = run(source=mirror.url + "/")
        assert content(run.folder) == files and not hub.requests
        assert [get.first_byte for get in mirror.asked("GET", "model.pth")] == [None, 10_000]
        assert not any(request.authorization for request in mirror.requests), (
            "the token is the hub's business"
        )
        assert {record["source"] for record in manifest["files"].values()} == {mirror.url}


def test_the_environment_names_a_mirror(files, tmp_path):
    """HF_ENDPOINT is read when huggingface_hub is imported, so in a process of its own."""
    code = script(files, tmp_path / "base", accept=True)
    with StandIn(files, download.REVISION) as mirror:
        environment = {
            **os.environ,
            "HF_ENDPOINT": mirror.url,
            "NO_PROXY": "127.0.0.1,localhost",
            "HF_HUB_OFFLINE": "0",
        }
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert content(tmp_path / "base") == files
        names = {request.path.rsplit("/", 1)[-1] for request in mirror.requests}
        assert names == set(NAMES), "and no list of agents is asked for"


def test_another_revision_is_pinned_by_its_first_use(run, files, hub):
    hub.commit = "a" * 40
    manifest = run(revision="main", expected=None)
    assert (manifest["revision"], manifest["asked"]) == ("a" * 40, "main")
    checked = {name: record["checked"] for name, record in manifest["files"].items()}
    assert checked == {
        name: "by the hub" if name in ("model.pth", "dvae.pth") else "first use" for name in NAMES
    }
    hub.requests.clear()
    run(revision="main", expected=None)
    run(expected=None)
    assert not hub.requests

    (run.folder / "vocab.json").unlink()
    hub.files["vocab.json"] = b"[" + files["vocab.json"][1:]
    with pytest.raises(VagoError, match="vocab.json from .* is not the expected file"):
        run(expected=None)
    hub.files["vocab.json"] = b"longer" * 100
    with pytest.raises(VagoError, match="offers another vocab.json than expected"):
        run(expected=None)
    with pytest.raises(VagoError, match=f"holds revision {'a' * 40}, not {'b' * 40}: .*--to"):
        run(revision="b" * 40, expected=None)


def test_a_mirrors_own_commit_does_not_unpin_the_published_files(run, files, hub):
    hub.commit, hub.branches = "c" * 40, (download.REVISION,)
    assert run()["revision"] == download.REVISION


def test_halves_of_two_revisions_are_never_joined(run, files, hub):
    hub.branches = ("1" * 40, "2" * 40)
    hub.cuts["model.pth"] = [80_000] + [0] * 100
    with pytest.raises(VagoError):
        run(revision="1" * 40, expected={})
    hub.cuts.clear()
    hub.requests.clear()
    (run.folder / MANIFEST).unlink()
    run(revision="2" * 40, expected={})
    assert [get.first_byte for get in hub.asked("GET", "model.pth")] == [None]


def test_the_licence_must_be_accepted_and_only_once(run, files, hub, monkeypatch):
    monkeypatch.setattr(sys, "stdin", open(os.devnull))
    with pytest.raises(
        VagoError,
        match="nobody has accepted .*read .*LICENSE.txt, then run again with --accept-license",
    ) as error:
        run(accept=False)
    one_sentence(error)
    assert content(run.folder) == {LICENCE: files[LICENCE]} and "non-commercial" in "".join(
        run.said
    )
    for answer in ("n", "", "no thanks"):
        with pytest.raises(
            VagoError, match="licence was not accepted, so nothing but its text was fetched"
        ):
            run(accept=False, ask=lambda question, answer=answer: answer)
    assert content(run.folder) == {LICENCE: files[LICENCE]}

    run.said.clear()
    questions = []
    run(accept=False, ask=lambda question: questions.append(question) or " Yes ")
    assert len(questions) == 1 and content(run.folder) == files
    assert (
        files[LICENCE].decode() in run.said
        and json.loads((run.folder / MANIFEST).read_text())["licence"]["how"] == "asked"
    )
    run(accept=False, ask=lambda question: pytest.fail("asked twice"))


def test_other_terms_are_asked_about_again(run, files, hub):
    run(revision="main", expected={})
    (run.folder / LICENCE).unlink()
    (run.folder / "dvae.pth").unlink()
    manifest = json.loads((run.folder / MANIFEST).read_text())
    del manifest["files"][LICENCE]
    (run.folder / MANIFEST).write_text(json.dumps(manifest))
    hub.files[LICENCE] = b"Other terms.\n"
    with pytest.raises(VagoError, match="licence was not accepted"):
        run(accept=False, expected={}, ask=lambda question: "n")
    assert "Other terms.\n" in run.said and not hub.asked("GET", "dvae.pth")[1:]


@pytest.mark.parametrize("answer, status", [("y\n", 0), ("n\n", 1), ("\x04", 1)])
def test_at_a_terminal_the_text_is_shown_and_the_question_asked(files, tmp_path, answer, status):
    """In a process of its own, with a terminal for standard input; from a folder, so that no network is looked for."""
    code = script(files, tmp_path / "base", source=str(written(tmp_path / "here", files)))
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        os.write(ours, answer.encode())
        out, err = running.communicate(timeout=120)
    os.close(ours), os.close(theirs)
    assert running.returncode == status, err
    assert (
        "The licence text." in out
        and "non-commercial" in out
        and "Do you accept these terms? [y/N]" in out
    )
    assert content(tmp_path / "base") == (files if status == 0 else {LICENCE: files[LICENCE]})


def test_two_at_once(run, hub):
    from filelock import FileLock

    run.folder.mkdir()
    with FileLock(run.folder / ".fetch.lock"):
        with pytest.raises(VagoError, match="another `vago fetch-base` is filling"):
            run()


@pytest.mark.parametrize("broken", ["{", "[1]", '{"files": {"model.pth": {}}}', '{"files": [1]}'])
def test_a_broken_manifest_is_one_sentence(run, hub, broken):
    run.folder.mkdir()
    (run.folder / MANIFEST).write_text(broken)
    with pytest.raises(VagoError, match="base_manifest.json is not a manifest: delete it"):
        run()


def test_the_published_table_names_each_file_of_a_base():
    assert download.PUBLISHED.keys() == set(NAMES)
    assert all(must.size and len(must.sha256) == 64 for must in download.PUBLISHED.values())
    profile = yaml.safe_load((ROOT / "params/vago/01_prepare_dataset.yaml").read_text())
    assert profile["base_dir"] == download.FOLDER


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"XTTS-v2's own small files are not in {SHARED}")
@pytest.mark.parametrize("name", ["config.json", "vocab.json", "mel_stats.pth", LICENCE])
def test_the_published_table_is_that_of_the_published_files(name):
    assert known({name: (SHARED / name).read_bytes()})[name] == download.PUBLISHED[name]


def test_the_second_time_is_quick_and_needs_neither_torch_nor_a_hub(run, files, hub, tmp_path):
    run()
    code = "import time; started = time.process_time()" + script(files, run.folder)
    code += "print(time.process_time() - started)\nassert not {'torch', 'huggingface_hub', 'TTS'} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[-1]) < 2
