"""The licence is shown, and accepted once by whoever fetches the base."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest

from helpers.hub import content_of, fetch_script, write_files
from vago.model import licence
from vago.model.download import MANIFEST


def test_it_must_be_accepted_and_only_once(run, refused, files, hub, monkeypatch):
    monkeypatch.setattr(sys, "stdin", open(os.devnull))
    advice = "read .*LICENSE.txt, then run again with --accept-license"
    refused(f"has not been accepted yet: {advice}", accept=False)
    assert content_of(run.folder) == {licence.FILE: files[licence.FILE]}
    assert "non-commercial" in "".join(run.log)

    for answer in ("n", "", "no thanks"):
        message = "licence was not accepted, so nothing but its text was fetched"
        refused(message, accept=False, ask=lambda question, answer=answer: answer)
    assert content_of(run.folder) == {licence.FILE: files[licence.FILE]}

    run.log.clear()
    questions = []
    run(accept=False, ask=lambda question: questions.append(question) or " Yes ")
    assert len(questions) == 1 and content_of(run.folder) == files
    assert files[licence.FILE].decode() in run.log
    assert json.loads((run.folder / MANIFEST).read_text())["licence"]["how"] == "asked"

    run(accept=False, ask=lambda question: pytest.fail("asked twice"))


def test_other_terms_must_be_accepted_again(run, refused, hub):
    run(revision="main", expected={})
    (run.folder / licence.FILE).unlink()
    (run.folder / "dvae.pth").unlink()
    manifest = json.loads((run.folder / MANIFEST).read_text())
    del manifest["files"][licence.FILE]
    (run.folder / MANIFEST).write_text(json.dumps(manifest))

    hub.files[licence.FILE] = b"Other terms.\n"
    refused("licence was not accepted", accept=False, expected={}, ask=lambda question: "n")
    assert "Other terms.\n" in run.log and not hub.asked("GET", "dvae.pth")[1:]


@pytest.mark.parametrize("answer, status", [("y\n", 0), ("n\n", 1), ("\x04", 1)])
def test_at_a_terminal_the_text_is_shown_and_the_question_asked(files, tmp_path, answer, status):
    """In a process with a terminal for standard input; from a folder, so without a network."""
    here = write_files(tmp_path / "here", files)
    command = [sys.executable, "-c", fetch_script(files, tmp_path / "base", source=str(here))]
    ours, theirs = pty.openpty()
    pipes = {"stdin": theirs, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as running:
        os.write(ours, answer.encode())
        out, err = running.communicate(timeout=120)
    os.close(ours), os.close(theirs)

    assert running.returncode == status, err
    assert "The licence text." in out and "non-commercial" in out and licence.QUESTION in out
    fetched = files if status == 0 else {licence.FILE: files[licence.FILE]}
    assert content_of(tmp_path / "base") == fetched
