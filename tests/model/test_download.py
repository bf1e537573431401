"""A folder's files: sizes and hashes checked, wrong ones moved aside, all recorded."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import pytest
import yaml
from filelock import FileLock

from helpers.hub import NAMES, content_of, fetch_script, identities, write_files
from helpers.projects import ROOT
from vago import VagoError
from vago import files as vago_files
from vago.model import download, licence, published, xtts
from vago.model import hub as transfer
from vago.model.download import MANIFEST
from vago.model.published import Identity

SHARED = ROOT.parent / "shared/data/xtts"


def aside_name(name: str, content: bytes) -> str:
    return f"{name}.wrong-{hashlib.sha256(content).hexdigest()[:12]}"


def fail_on_source(*arguments):
    pytest.fail("looked for a source")


def test_everything_is_fetched_checked_and_recorded(hub, run, files):
    manifest = run()
    assert content_of(run.folder) == files
    assert json.loads((run.folder / MANIFEST).read_text()) == manifest
    assert manifest["revision"] == published.REVISION
    assert manifest["repository"] == "coqui/XTTS-v2"
    for name, identity in identities(files).items():
        record = manifest["files"][name]
        assert (record["bytes"], record["sha256"]) == identity
        assert (record["source"], record["checked"]) == (hub.url, "published")

    accepted = manifest["licence"]
    assert accepted["how"] == "--accept-license" and accepted["accepted"].endswith("+00:00")
    assert accepted["sha256"] == identities(files)[licence.FILE].sha256

    hidden = {path.name for path in run.folder.iterdir() if path.name.startswith(".")}
    assert hidden <= {".fetch.lock"}
    xtts.check_files(run.folder)


def test_the_second_time_nothing_is_requested_or_read(hub, run, monkeypatch):
    run()
    hub.requests.clear()
    before = (run.folder / MANIFEST).stat().st_mtime_ns

    read = []
    monkeypatch.setattr(transfer, "open_source", fail_on_source)
    monkeypatch.setattr(download, "sha256_of", lambda path: read.append(path.name))
    run(accept=False)
    assert not hub.requests and not read and "nothing to fetch" in run.log[-1]
    assert (run.folder / MANIFEST).stat().st_mtime_ns == before, "an equal manifest is not written"


def test_the_second_time_is_quick_and_needs_neither_torch_nor_a_hub(run, files, hub):
    run()
    code = f"""
import time
started = time.process_time()
{fetch_script(files, run.folder)}
print(time.process_time() - started)
assert not {{"torch", "huggingface_hub", "TTS"}} & set(sys.modules)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[-1]) < 2


def test_it_works_without_the_hub_afterwards(hub, run, refused, monkeypatch):
    from huggingface_hub import constants

    run()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.requests.clear()
    run()
    os.utime(run.folder / "model.pth")  # as if copied: read again, still without the hub
    run()
    assert not hub.requests

    (run.folder / "dvae.pth").unlink()
    refused("dvae.pth is not here yet and HF_HUB_OFFLINE is set")


def test_a_file_with_the_wrong_content_is_moved_aside_and_fetched_again(hub, run, refused, files):
    bad = bytes(len(files["model.pth"]))
    hub.sent["model.pth"] = bad
    message = refused("model.pth from .* is not the expected file .SHA-256 .* was moved to")
    aside = run.folder / aside_name("model.pth", bad)
    assert str(aside) in message and aside.read_bytes() == bad
    assert not (run.folder / "model.pth").exists()

    del hub.sent["model.pth"]
    run()
    assert content_of(run.folder) == files | {aside.name: bad}


@pytest.mark.parametrize("name", ["model.pth", "vocab.json"])
def test_another_size_is_noticed_before_anything_is_fetched(hub, refused, name):
    hub.announced[name] = 12_345
    refused(f"offers another {name} than expected .12,345 bytes where")
    fetched = [request.path.rsplit("/")[-1] for request in hub.requests if request.method == "GET"]
    assert fetched == [licence.FILE]


def test_another_hash_is_noticed_before_the_file_is_fetched(hub, refused, files):
    other = identities(files) | {"dvae.pth": Identity(len(files["dvae.pth"]), "0" * 64)}
    refused("offers another dvae.pth than expected .SHA-256", expected=other)
    assert not hub.asked("GET", "dvae.pth")


def test_missing_room_is_noticed_before_anything_large_is_fetched(hub, refused, monkeypatch):
    usage = type("Usage", (), {"free": 10 * 2**20})
    monkeypatch.setattr(vago_files.shutil, "disk_usage", lambda folder: usage)
    refused(r"fetching XTTS-v2 needs \d+ MiB in .*10 MiB are free")
    assert not hub.asked("GET", "model.pth")


def test_bytes_that_are_there_need_no_room_again(hub, run, files, monkeypatch):
    needed = []
    monkeypatch.setattr(download, "need_room", lambda folder, size, doing: needed.append(size))
    hub.cuts["model.pth"] = [80_000] + [0] * 100
    with pytest.raises(VagoError):
        run()
    hub.cuts.clear()
    run()

    total = sum(map(len, files.values())) - len(files[licence.FILE])
    there = len(files["config.json"]) + len(files["vocab.json"]) + 80_000
    assert needed == [total, total - there]


def test_a_folder_that_cannot_be_written(refused, tmp_path):
    (tmp_path / "base").write_text("a file")
    refused("base cannot be written")


def test_files_put_there_by_hand_are_checked_without_a_source(run, files, monkeypatch):
    del files[licence.FILE]
    write_files(run.folder, files)
    monkeypatch.setattr(transfer, "open_source", fail_on_source)
    manifest = run()
    assert {record["source"] for record in manifest["files"].values()} == {"was in the folder"}
    assert manifest["files"].keys() == files.keys() and content_of(run.folder) == files
    run(accept=False)


def test_what_is_missing_beside_them_is_fetched(run, files, hub):
    some = {name: files[name] for name in ("model.pth", "config.json", "vocab.json")}
    write_files(run.folder, some)
    manifest = run()
    assert not hub.asked("GET", "model.pth") and content_of(run.folder) == files
    sources = {name: record["source"] for name, record in manifest["files"].items()}
    assert sources["model.pth"] == "was in the folder" and sources["dvae.pth"] == hub.url


def test_wrong_files_in_the_folder_are_moved_aside_all_at_once(run, refused, files, hub):
    wrong = {"model.pth": b"torn", "vocab.json": b"{}"}
    write_files(run.folder, files | wrong)
    message = refused("held files that are not the expected ones, run again")
    assert "vocab.json (2 bytes where 300 are expected)" in message
    assert "model.pth (4 bytes where 200,000" in message
    assert not hub.requests

    run()
    aside = {aside_name(name, content): content for name, content in wrong.items()}
    assert content_of(run.folder) == files | aside


def test_a_file_changed_after_it_was_checked_is_noticed(run, refused, files, hub):
    run()
    (run.folder / "config.json").write_bytes(b"x" + files["config.json"][1:])
    refused("config.json .SHA-256")
    run()
    assert (run.folder / "config.json").read_bytes() == files["config.json"]


def test_a_wrong_file_in_another_folder_is_refused_and_left_there(refused, files, hub, tmp_path):
    here = write_files(tmp_path / "here", files | {"model.pth": b"short"})
    refused("offers another model.pth than expected .5 bytes.*coqui-tts rewrites", source=str(here))
    assert (here / "model.pth").read_bytes() == b"short"


def test_another_revision_is_pinned_by_its_first_use(run, refused, files, hub):
    hub.commit = "a" * 40
    manifest = run(revision="main", expected=None)
    assert (manifest["revision"], manifest["asked"]) == ("a" * 40, "main")
    for name, record in manifest["files"].items():
        large = name in ("model.pth", "dvae.pth")
        assert record["checked"] == ("by the hub" if large else "first use")

    hub.requests.clear()
    run(revision="main", expected=None)
    run(expected=None)
    assert not hub.requests

    (run.folder / "vocab.json").unlink()
    hub.files["vocab.json"] = b"[" + files["vocab.json"][1:]
    refused("vocab.json from .* is not the expected file", expected=None)
    hub.files["vocab.json"] = b"longer" * 100
    refused("offers another vocab.json than expected", expected=None)
    other = "b" * 40
    refused(f"holds revision {'a' * 40}, not {other}: .*--to", revision=other, expected=None)


def test_a_mirrors_own_commit_does_not_unpin_the_published_files(run, hub):
    hub.commit, hub.branches = "c" * 40, (published.REVISION,)
    assert run()["revision"] == published.REVISION


def test_two_at_once(run, refused):
    run.folder.mkdir()
    with FileLock(run.folder / ".fetch.lock"):
        refused("another `vago fetch-base` is filling")


@pytest.mark.parametrize("broken", ["{", "[1]", '{"files": {"model.pth": {}}}', '{"files": [1]}'])
def test_a_broken_manifest_is_one_sentence(run, refused, broken):
    run.folder.mkdir()
    (run.folder / MANIFEST).write_text(broken)
    refused("base_manifest.json is not a manifest: delete it")


def test_the_published_table_names_each_file_of_a_base():
    assert published.IDENTITIES.keys() == set(NAMES)
    assert all(known.size and len(known.sha256) == 64 for known in published.IDENTITIES.values())
    profile = yaml.safe_load((ROOT / "params/vago/01_prepare_dataset.yaml").read_text())
    assert profile["base_dir"] == download.FOLDER


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"XTTS-v2's own small files are not in {SHARED}")
@pytest.mark.parametrize("name", ["config.json", "vocab.json", "mel_stats.pth", licence.FILE])
def test_the_published_table_is_that_of_the_published_files(name):
    found = identities({name: (SHARED / name).read_bytes()})
    assert found[name] == published.IDENTITIES[name]
