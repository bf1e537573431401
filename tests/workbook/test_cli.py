"""The command line as a user meets it: exit codes, messages, speed of the start, Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from helpers.workbooks import write_file
from vago import __version__
from vago.cli import main
from vago.model.xtts import FILES

HEAVY = {
    "torch",
    "TTS",
    "pandas",
    "papermill",
    "nbconvert",
    "nbformat",
    "librosa",
    "transformers",
    "IPython",
}


def loaded_after(statements: str) -> set[str]:
    """Top-level modules in a fresh interpreter after some statements."""
    shown = "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    code = f"import sys\n{statements}\n{shown}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_starts_without_anything_heavy():
    loaded = loaded_after("import vago.cli as m\ntry: m.main(['--help'])\nexcept SystemExit: pass")
    assert not loaded & (HEAVY | {"pydantic", "yaml"})


def test_run_and_status_import_neither_torch_nor_papermill_before_a_kernel(project):
    calls = "main(['status', 'demo']); main(['run', 'nobody'])"
    assert not loaded_after(f"from vago.cli import main\n{calls}") & HEAVY


def test_help_starts_in_under_half_a_second():
    def once() -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "vago", "--help"], capture_output=True, check=True)
        return time.perf_counter() - started

    assert min(once() for _ in range(3)) < 0.5


def test_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"vago {__version__}\n"


@pytest.mark.parametrize(
    "wrong", ["", "fly", "run", "run demo --from 2 --only 3", "run demo -p epochs"]
)
def test_wrong_usage(wrong, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(wrong.split())
    assert stopped.value.code == 2
    assert "usage: vago" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ("new mine --recordngs x", "arguments: --recordngs x; did you mean --recordings?"),
        ("run demo --form=3", "did you mean --from?"),
        ("nwe mine", "did you mean new?"),
    ],
)
def test_misspelt_commands_and_options(wrong, expected, capsys):
    with pytest.raises(SystemExit):
        main(wrong.split())
    assert capsys.readouterr().err.strip().endswith(expected)


@pytest.mark.parametrize("command", ["run", "status"])
def test_help_has_examples_and_no_stray_signs(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    shown = capsys.readouterr().out
    assert f"vago {command} demo" in shown and "%%" not in shown


def test_errors_are_one_line_on_stderr(project, capsys):
    assert main(["run", "nobody"]) == 1
    assert main(["run", "demo", "-p", "epoch", "3"]) == 1
    assert main(["status", "nobody"]) == 1

    shown = capsys.readouterr()
    assert shown.out == ""
    assert [line.split(":")[0] for line in shown.err.splitlines()] == ["vago"] * 3
    assert "did you mean 'epochs'?" in shown.err


def test_outside_a_project(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("VAGO_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "demo"]) == 1
    assert "no vago project at or above" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_stopping_interrupts_the_notebook_and_says_how_to_resume(project, stop):
    """The fixture's training sleeps; on KeyboardInterrupt it saves, as a real one does."""
    home = project / "outputs/demo"
    for file in ("corpus/clips.csv", *(f"base/{name}" for name in FILES)):
        write_file(home / file, "a")
    phase = home / "phases/baseline"

    arguments = "-m vago run demo --only 02 -p epochs 1000"
    with subprocess.Popen(
        [sys.executable, *arguments.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    ) as running:
        # wait until the training sleeps, then stop it
        deadline = time.monotonic() + 60
        while not (phase / "progress.json").exists() and running.poll() is None:
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        time.sleep(0.5)
        running.send_signal(stop)
        out, err = running.communicate(timeout=60)

    assert running.returncode == 130, err
    assert err.startswith("vago: stopped; what is done is kept") and err.count("\n") == 1
    assert "02_train_baseline  stopped after" in out
    assert (phase / "interrupted").read_text() == "saved"
    assert not (home / "run.json").exists()
