"""Transfers from a hub with faults, from mirrors and from folders; broken ones resume."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from helpers.hub import NAMES, StandIn, content_of, fetch_script, write_files
from vago import VagoError
from vago.model import download, licence, published


def test_each_file_is_transferred_once_and_only_the_hub_sees_the_token(hub, run):
    run()
    assert all(hub.first_bytes(name) == [None] for name in NAMES)

    from_storage = [r for r in hub.requests if r.path.startswith("/storage/")]
    from_hub = [r for r in hub.requests if "/resolve/" in r.path]
    assert len(from_storage) == 2 and not any(r.authorization for r in from_storage)
    assert all(r.authorization == "Bearer hf_secret" for r in from_hub)


def test_a_cut_connection_is_resumed_where_it_broke(hub, run, files):
    hub.cuts["model.pth"] = [50_000, 70_000, 0]
    hub.cuts["vocab.json"] = [100]
    run()
    assert content_of(run.folder) == files
    assert hub.first_bytes("model.pth") == [None, 50_000, 120_000, 120_000]
    assert hub.first_bytes("vocab.json") == [None, 100]


@pytest.mark.slow
def test_a_reset_or_stalled_connection_is_resumed_as_well(hub, run, files, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 2)
    hub.resets = True
    hub.cuts["model.pth"] = [50_000, 1000]
    hub.stalls["dvae.pth"] = 20_000
    run()
    assert content_of(run.folder) == files
    assert hub.first_bytes("model.pth") == [None, 50_000, 51_000]
    assert hub.first_bytes("dvae.pth") == [None, 20_000]


def test_after_a_connection_that_stays_dead_the_next_run_resumes(hub, run, refused, files):
    hub.cuts["model.pth"] = [80_000] + [0] * 100
    refused("model.pth could not be fetched from .*the bytes received so far are kept")
    assert not (run.folder / "model.pth").exists() and (run.folder / "vocab.json").exists()

    hub.cuts.clear()
    hub.requests.clear()
    run(accept=False)
    assert content_of(run.folder) == files
    assert hub.first_bytes("model.pth") == [80_000]
    assert not hub.asked("GET", "vocab.json") and not hub.asked("HEAD", licence.FILE)
    assert not list(run.folder.glob(".*.part"))


def test_a_stop_keeps_what_was_received(hub, run, files):
    """Ctrl-C in the middle of model.pth."""
    hub.stalls["model.pth"] = 60_000
    code = fetch_script(files, run.folder, accept=True, source=hub.url)
    part = run.folder / f".model.pth.{published.REVISION}.part"

    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 120
        while not part.exists() or part.stat().st_size < 60_000:
            assert time.monotonic() < deadline and running.poll() is None
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in running.communicate(timeout=120)[1]
    assert part.read_bytes() == files["model.pth"][:60_000]
    assert (run.folder / "vocab.json").exists()

    hub.requests.clear()
    run()
    assert hub.first_bytes("model.pth") == [60_000]
    assert content_of(run.folder) == files


def test_a_server_that_cannot_start_in_the_middle_starts_over(hub, run, files):
    hub.ranges = False
    hub.cuts["model.pth"] = [50_000, 30_000]
    run()
    assert content_of(run.folder) == files
    assert hub.first_bytes("model.pth") == [None, 50_000, 30_000]


@pytest.mark.parametrize("length", [100_000, 300_000])
def test_a_body_of_another_length_than_announced_is_refused(hub, run, refused, length):
    hub.sent["model.pth"] = bytes(length)
    refused("model.pth")
    assert not (run.folder / "model.pth").exists()


def test_refusals_are_one_sentence(hub, refused):
    hub.fails["dvae.pth"] = 403
    refused("answers 403 for dvae.pth: .*--from")
    hub.fails.clear()
    refused("has no config.json, .* at v9: see --revision", "other", revision="v9", expected={})


def test_no_network(refused, hub):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    message = f"LICENSE.txt could not be fetched from {nobody} .*check the network.*--from"
    refused(message, source=nobody)
    for no_url in ("ftp://127.0.0.1/", "http://[", "http://127.0.0.1:99999999"):
        refused("could not be fetched", source=no_url)


@pytest.mark.parametrize("small_disk", ["160k"], indirect=True)
@pytest.mark.parametrize("source", ["hub", "folder"])
def test_a_disk_that_fills_up_while_fetching(
    source, hub, run, refused, files, small_disk, tmp_path, monkeypatch
):
    # another process takes the space after the check
    monkeypatch.setattr(download, "need_room", lambda *arguments: None)
    given = {}
    if source == "folder":
        given["source"] = str(write_files(tmp_path / "here", files))
    refused("model.pth cannot be written .No space left on device.*has room", small_disk, **given)
    assert content_of(small_disk).keys() == {"config.json", "vocab.json", licence.FILE}
    if source == "folder":
        return

    subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
    hub.requests.clear()
    run(small_disk)
    (first_byte,) = hub.first_bytes("model.pth")
    assert first_byte > 50_000 and content_of(small_disk) == files


def test_another_folder_is_copied_and_left_alone(run, files, hub, tmp_path):
    here = write_files(tmp_path / "here", files)
    manifest = run(source=str(here))
    assert content_of(run.folder) == files == content_of(here) and not hub.requests
    assert {record["source"] for record in manifest["files"].values()} == {str(here)}

    with open(run.folder / "model.pth", "r+b") as file:  # as coqui-tts does
        file.write(b"changed")
    assert content_of(here) == files


def test_a_snapshot_of_the_hubs_own_cache_may_be_links(run, files, hub, tmp_path):
    blobs = write_files(tmp_path / "blobs", files)
    (tmp_path / "snapshot").mkdir()
    for name in files:
        (tmp_path / "snapshot" / name).symlink_to(blobs / name)
    run(source=str(tmp_path / "snapshot"))
    assert content_of(run.folder) == files
    assert not any(path.is_symlink() for path in run.folder.iterdir())


def test_a_folder_with_some_of_the_files_gives_what_it_has(run, refused, files, hub, tmp_path):
    some = {name: files[name] for name in ("model.pth", "vocab.json")}
    here = write_files(tmp_path / "here", some)
    lacking = "config.json, dvae.pth, mel_stats.pth, speakers_xtts.pth"
    refused(f"has no {lacking}; what it has was taken", source=str(here))
    run()
    assert content_of(run.folder) == files and not hub.asked("GET", "model.pth")

    nowhere = str(tmp_path / "nowhere")
    refused("--from .*nowhere: there is no such folder", "other", source=nowhere)


@pytest.mark.parametrize("plain", [False, True], ids=["another hub", "a web folder"])
def test_a_mirror(run, files, hub, plain):
    with StandIn(files, published.REVISION, plain=plain) as mirror:
        mirror.cuts["model.pth"] = [10_000]
        manifest = run(source=mirror.url + "/")
        assert content_of(run.folder) == files and not hub.requests
        assert mirror.first_bytes("model.pth") == [None, 10_000]
        assert not any(r.authorization for r in mirror.requests), "only the hub sees the token"
        assert {record["source"] for record in manifest["files"].values()} == {mirror.url}


def test_the_environment_names_a_mirror(files, tmp_path):
    """HF_ENDPOINT is read when huggingface_hub is imported, so in a process of its own."""
    code = fetch_script(files, tmp_path / "base", accept=True)
    with StandIn(files, published.REVISION) as mirror:
        environment = {
            **os.environ,
            "HF_ENDPOINT": mirror.url,
            "NO_PROXY": "127.0.0.1,localhost",
            "HF_HUB_OFFLINE": "0",
        }
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert content_of(tmp_path / "base") == files

        names = {request.path.rsplit("/", 1)[-1] for request in mirror.requests}
        assert names == set(NAMES), "a list of agents is not requested"


def test_halves_of_two_revisions_are_never_joined(run, hub):
    hub.branches = ("1" * 40, "2" * 40)
    hub.cuts["model.pth"] = [80_000] + [0] * 100
    with pytest.raises(VagoError):
        run(revision="1" * 40, expected={})

    hub.cuts.clear()
    hub.requests.clear()
    (run.folder / download.MANIFEST).unlink()
    run(revision="2" * 40, expected={})
    assert hub.first_bytes("model.pth") == [None]
