"""The runner: what it runs, what it skips and why, and what it says when something is wrong.

The skipping is tested with notebooks executed in this process (milliseconds); papermill and kernels come last.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
import types
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from helpers.projects import ROOT
from vago import VagoError, files
from vago.model.xtts import FILES
from vago.workbook.notebook import NotebookFailed, execute, failure
from vago.workbook.pipeline import NOTEBOOKS, STEPS, files_under
from vago.workbook.plans import make_plans, step_named
from vago.workbook.progress import ProgressLine, duration
from vago.workbook.record import FileDigests
from vago.workbook.runner import run

FIXTURES = ROOT / "tests" / "fixtures" / "notebooks"
ALL = list(NOTEBOOKS)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A workbook of six tiny notebooks with one profile, `demo`."""
    return make_project(tmp_path, monkeypatch)


def make_project(root: Path, monkeypatch) -> Path:
    shutil.copytree(FIXTURES, root / "notebooks")
    (root / "params" / "scripts").mkdir(parents=True)
    (root / "params" / "scripts" / "quiz_show.yaml").write_text(
        "title: Show\nlines:\n- {name: opening, text: Jó estét!}\n"
    )
    for stem in NOTEBOOKS:
        settings(root, stem, profile="demo")
    settings(root, "01_prepare_dataset", demo_voice=True)
    for stem, phase, parent in (
        ("03_train_combined", "combined", "baseline"),
        ("04_train_ultrafine", "ultrafine", "combined"),
    ):
        settings(root, stem, phase=phase, parent=parent)
    monkeypatch.setenv("VAGO_HOME", str(root))
    monkeypatch.setattr("vago.recipes.demo.prepare.prepare_demo", small_demo)
    return root


def small_demo(p, paths, on_progress) -> None:
    """Stands in for the demo's recordings and base: a few bytes a source, empty files of the base."""
    for source in p.sources:
        folder = paths.recordings(p.recordings_dir) / source
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "a.txt").write_text(source)
        (folder / "a.wav").touch()
        (folder / "a.csv").write_text("start,end,text\n0,1,Jó estét!\n")

    paths.base.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (paths.base / name).touch()


def settings(root: Path, stem: str, profile: str = "demo", **values) -> None:
    """Add settings to a notebook's parameter file."""
    file = root / "params" / profile / f"{stem}.yaml"
    file.parent.mkdir(exist_ok=True)
    known = yaml.safe_load(file.read_text()) if file.exists() else {}
    file.write_text(yaml.safe_dump({**known, "profile": profile, **values}))


def in_process(source: Path, target: Path, given: dict, root: Path) -> None:
    """What papermill does, without a kernel: the code cells in order, the parameters after the cell tagged so."""
    namespace: dict = {}
    for cell in json.loads(source.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), namespace)
            namespace.update(given if "parameters" in cell["metadata"].get("tags", []) else {})
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("{}")
    target.with_suffix(".html").write_text("")


def reasons(**options) -> dict[str, str]:
    """Run once more; the reason of each notebook that ran."""
    outcomes = run("demo", execute=in_process, stream=io.StringIO(), **options)
    return {outcome.stem: outcome.why for outcome in outcomes if outcome.why}


def test_first_run_takes_all_in_order_and_second_none(project):
    assert list(reasons().items()) == [(stem, "never run") for stem in ALL]
    record = json.loads((project / "outputs/demo/run.json").read_text())
    assert record["format"] == 1 and list(record["steps"]) == ALL
    step = record["steps"]["03_train_combined"]
    parent = {"phases/baseline/best.safetensors", "phases/baseline/phase.json"}
    base = {f"base/{name}" for name in FILES}
    assert {"corpus/clips.csv"} | base | parent == set(step["inputs"])
    assert {"key", "outputs", "seconds", "finished", "vago"} <= set(step)
    assert not list((project / "outputs/demo").glob(".*.partial*"))
    assert reasons() == {}


def test_time_stamps_alone_rerun_nothing(project):
    reasons()
    for file in files_under(project / "outputs"):
        file.touch()
    assert reasons() == {}


def test_changed_parameter_reruns_what_it_touches(project):
    reasons()
    settings(project, "03_train_combined", learning_rate=1e-5)
    ran = reasons()
    assert ran["03_train_combined"] == "parameters changed: learning_rate"
    assert ran["04_train_ultrafine"] == "phases/combined/best.safetensors changed"
    assert list(ran) == ALL[2:]


def test_identical_outputs_end_the_chain_early(project):
    reasons()
    assert reasons(overrides=[("seed", "7")], only="02") == {
        "02_train_baseline": "parameters changed: seed"
    }
    settings(project, "02_train_baseline", seed=7)
    assert reasons() == {}


def test_changed_input_is_named(project):
    reasons()
    (project / "outputs/demo/phases/combined/best.safetensors").write_text("other weights")
    ran = reasons(start="04")
    assert ran["04_train_ultrafine"] == "phases/combined/best.safetensors changed"
    assert reasons()["03_train_combined"] == "output changed: phases/combined/best.safetensors"


@pytest.mark.parametrize(
    ("lost", "stem"),
    [("corpus/clips.csv", "01_prepare_dataset"), ("notebooks/05_evaluate.html", "05_evaluate")],
)
def test_lost_output_is_made_again(project, lost, stem):
    reasons()
    (project / "outputs/demo" / lost).unlink()
    ran = reasons()
    assert ran == {stem: f"output missing: {lost}"}


def test_changed_code_reruns_but_prose_does_not(project):
    reasons()
    file = project / "notebooks/05_evaluate.ipynb"
    file.write_text(
        file.read_text().replace("# How the phases compare", "# How do the phases compare?")
    )
    assert reasons() == {}
    file.write_text(file.read_text().replace("a result to be read", "a result"))
    assert reasons() == {"05_evaluate": "code changed: notebook"}


def test_recordings_given_by_the_user_are_inputs(project, monkeypatch):
    real_sources(project, monkeypatch)
    assert list(reasons()) == ALL
    (project / "mine/quiz/a.txt").write_text("another take")
    assert reasons()["01_prepare_dataset"] == "mine/quiz/a.txt changed"
    (project / "mine/quiz/b.txt").write_text("one more")
    assert reasons() == {"01_prepare_dataset": "mine/quiz/b.txt is new"}


def real_sources(project, monkeypatch, sources=("quiz", "interview")):
    """A profile without the demo voice: recordings and base are the user's; what checks them is stood in for."""
    for source in sources:
        (project / "mine" / source).mkdir(parents=True)
        (project / "mine" / source / "a.txt").write_text(source)
    (project / "xtts").mkdir()
    (project / "xtts/config.json").write_text("{}")
    for stem in NOTEBOOKS:
        settings(project, stem, base_dir="xtts")
    settings(project, "01_prepare_dataset", demo_voice=False, recordings_dir="mine")
    asked = []

    def find_recordings(folder, names, shown):
        asked.append(folder)
        if gone := [name for name in names if not (folder / name).is_dir()]:
            raise VagoError(f"no recordings of {gone[0]} in {shown(folder)}: put them there")

    monkeypatch.setitem(
        sys.modules, "vago.corpus.sources", types.SimpleNamespace(find_recordings=find_recordings)
    )
    monkeypatch.setattr("vago.model.xtts.check_files", asked.append)
    return asked


def test_missing_recordings_are_said_before_any_kernel(project, monkeypatch):
    asked = real_sources(project, monkeypatch)
    shutil.rmtree(project / "mine/interview")
    with pytest.raises(VagoError, match="^no recordings of interview in mine: put them there$"):
        run("demo", execute=never, stream=io.StringIO())
    assert asked == [project / "mine"]


def test_base_is_checked_before_any_kernel_and_not_when_all_is_done(project, monkeypatch):
    asked = real_sources(project, monkeypatch)
    reasons()
    assert asked == [project / "mine", project / "xtts"]
    assert reasons() == {} and len(asked) == 2


def never(*_):
    raise AssertionError("a kernel was started")


def refused(**options) -> str:
    """The sentence of a run that must not start a kernel."""
    with pytest.raises(VagoError) as caught:
        run(options.pop("profile", "demo"), execute=never, stream=io.StringIO(), **options)
    return str(caught.value)


def test_misspelt_settings_are_refused_with_a_near_miss(project):
    assert "did you mean 'learning_rate'?" in refused(overrides=[("learnin_rate", "1e-6")])
    assert "02_train_baseline" in refused(only="05", overrides=[("epochs", "1")])
    settings(project, "06_generate_samples", temprature=0.5)  # the last file, and not even selected
    sentence = refused(only="02")
    assert (
        "params/demo/06_generate_samples.yaml" in sentence
        and "did you mean 'temperature'?" in sentence
    )
    assert not (project / "outputs").exists()


@pytest.mark.parametrize(
    ("stem", "values", "expected"),
    [
        ("02_train_baseline", {"learning_rate": "fast"}, "learning_rate = 'fast' is not valid"),
        ("03_train_combined", {"phase": "ultrafine"}, "belongs to 04_train_ultrafine"),
        ("04_train_ultrafine", {"outputs_root": "elsewhere"}, "make it the same in all six"),
        ("06_generate_samples", {"script": "opera"}, "opera.yaml does not exist"),
    ],
)
def test_bad_parameter_files_are_refused(project, stem, values, expected):
    settings(project, stem, **values)
    assert expected in refused()


def test_profile_in_a_file_must_be_the_folder(project):
    (project / "params/demo/05_evaluate.yaml").write_text("profile: vago\n")
    assert "params/demo/05_evaluate.yaml: profile is 'vago'" in refused()


def test_unknown_profile_lists_those_there_are(project):
    settings(project, "01_prepare_dataset", profile="mine")
    assert (
        refused(profile="dmeo")
        == "no profile 'dmeo' in params/: did you mean 'demo'? there are demo, mine"
    )


def test_a_notebook_without_a_parameters_cell_is_refused(project):
    file = project / "notebooks/02_train_baseline.ipynb"
    file.write_text(file.read_text().replace('"parameters"', '"settings"'))
    assert "notebooks/02_train_baseline.ipynb: 0 cells are tagged" in refused()


def test_values_passed_on_are_the_checked_ones_that_were_given(project):
    settings(project, "02_train_baseline", learning_rate="5e-6")
    seen = {}

    def spy(source, target, given, root):
        seen[source.stem] = given
        in_process(source, target, given, root)

    run(
        "demo",
        execute=spy,
        stream=io.StringIO(),
        overrides=[("outputs_root", "elsewhere"), ("temperature", "1e-1")],
    )
    assert seen["02_train_baseline"] == {
        "profile": "demo",
        "learning_rate": 5e-6,
        "outputs_root": "elsewhere",
    }
    assert (
        seen["06_generate_samples"]["temperature"] == 0.1
        and "temperature" not in seen["03_train_combined"]
    )
    assert (project / "elsewhere/demo/run.json").exists() and not (project / "outputs").exists()


def test_what_a_file_leaves_out_is_what_the_notebook_says(project):
    (project / "params/demo/01_prepare_dataset.yaml").write_text("profile: demo\n")
    plan = make_plans("demo", ALL, {}, project)["01_prepare_dataset"]
    assert plan.p.demo_voice is True and plan.given == {
        "profile": "demo"
    }  # the model's own default is False


def test_from_only_and_force(project):
    sentence = refused(start="03")
    assert (
        "03_train_combined needs outputs/demo/corpus" in sentence
        and "01_prepare_dataset makes it" in sentence
    )
    assert list(reasons(only="01_prepare_dataset")) == ["01_prepare_dataset"]
    assert "outputs/demo/phases/baseline/best.safetensors" in refused(only="5")
    assert list(reasons(only="2")) == ["02_train_baseline"]
    assert list(reasons(start="03_train")) == ALL[2:]
    assert reasons(only="05", force=True) == {"05_evaluate": "forced"}
    assert list(reasons(force=True)) == ALL


@pytest.mark.parametrize("text", ["7", "0", "", "train", "02_tran"])
def test_step_names_that_fit_no_notebook(text):
    with pytest.raises(VagoError, match="03_train_combined"):
        step_named(text)


def test_two_runs_on_one_folder(project):
    (project / "outputs/demo").mkdir(parents=True)
    with FileLock(project / "outputs/demo/.run.lock"):
        assert "another `vago run` is at work in outputs/demo" in refused()


def test_too_little_space_is_said_before_any_kernel(project, monkeypatch):
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: types.SimpleNamespace(free=4 * 10**8))
    assert "only 0.40 GB are free where outputs/demo lies" in refused()


def test_a_failed_or_empty_step_is_not_done(project):
    def breaks(source, target, given, root):
        in_process(source, target, given, root)
        if source.stem == "03_train_combined":
            raise NotebookFailed("broke")

    with pytest.raises(NotebookFailed):
        run("demo", execute=breaks, stream=io.StringIO())
    assert reasons()["03_train_combined"] == "did not finish last time"
    shutil.rmtree(project / "outputs/demo/samples")
    with pytest.raises(
        VagoError,
        match="06_generate_samples ran to its end but left no outputs/demo/samples/quiz_show",
    ):
        run("demo", execute=lambda *_: None, stream=io.StringIO())
    assert list(reasons()) == ["06_generate_samples"]


def test_a_broken_record_is_never_overwritten(project):
    reasons()
    (project / "outputs/demo/run.json").write_text('{"format": 1, "st')
    assert "outputs/demo/run.json is not a record" in refused()


def test_each_file_is_read_once_and_again_when_it_changes(tmp_path, monkeypatch):
    file, digests, opened = tmp_path / "weights", FileDigests(), []
    file.write_bytes(b"a")
    monkeypatch.setattr(
        "builtins.open", lambda *a, real=open, **k: opened.append(a) or real(*a, **k)
    )
    first = digests.of(file)
    assert digests.of(file) == first and len(opened) == 1
    file.write_bytes(b"ab")
    assert digests.of(file) != first


def test_files_under_follows_links_once_and_leaves_hidden_ones(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far/a.wav").touch()
    (tmp_path / "far/.hidden").touch()
    (tmp_path / "near").mkdir()
    (tmp_path / "near/linked").symlink_to(tmp_path / "far")
    (tmp_path / "far/loop").symlink_to(tmp_path / "near")
    assert [file.name for file in files_under(tmp_path / "near")] == ["a.wav"]
    assert files_under(tmp_path / "gone") == []


def test_every_notebook_is_a_step():
    assert list(STEPS) == ALL


def test_progress_line_shows_the_training_but_not_an_earlier_one(tmp_path):
    file, stream = tmp_path / "progress.json", io.StringIO()
    file.write_text('{"step": 240, "steps": 240, "loss": 1, "eta_seconds": 0}')
    with ProgressLine("02_train_baseline", "never run", file, stream, every=0.02) as line:
        assert line.text() == "02_train_baseline  running 0.0 s  (never run)"
        (tmp_path / "new").write_text('{"step": 7, "steps": 240, "loss": 5.125, "eta_seconds": 90}')
        (tmp_path / "new").replace(file)
        assert line.text().endswith("step 7 of 240, loss 5.125, about 1 min 30 s left")
        line.over.wait(0.2)
    lines = stream.getvalue().splitlines()
    assert any("step 7 of 240" in shown for shown in lines)
    assert re.fullmatch(r"02_train_baseline  done in 0\.\d s  \(never run\)", lines[-1])


def test_progress_line_stays_one_line_on_a_terminal(tmp_path, monkeypatch):
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setenv("COLUMNS", "40")
    with (
        pytest.raises(ValueError),
        ProgressLine("05_evaluate", "why " * 40, None, stream, every=0.02) as line,
    ):
        line.over.wait(0.1)
        raise ValueError
    running, last = (
        stream.getvalue().split("\r\033[K")[1:-1],
        stream.getvalue().split("\r\033[K")[-1],
    )
    assert len(running) > 2 and all(len(shown) < 40 and "\n" not in shown for shown in running)
    assert last.startswith("05_evaluate  failed after") and last.endswith("\n")


def test_durations():
    assert [duration(s) for s in (4.21, 52, 59.9, 112, 7500)] == [
        "4.2 s",
        "52 s",
        "1 min 0 s",
        "1 min 52 s",
        "2 h 5 min",
    ]


def test_a_dead_kernel_is_told_from_an_exception():
    class DeadKernelError(RuntimeError):
        pass

    cells = [
        {"cell_type": "markdown", "source": "# Title\n\n## Training ##", "metadata": {}},
        {
            "cell_type": "code",
            "source": "",
            "metadata": {"papermill": {"status": "running"}},
            "outputs": [],
        },
        {"cell_type": "markdown", "source": "## Later", "metadata": {}},
    ]
    heading, sentence = failure({"cells": cells}, DeadKernelError("Kernel died"))
    assert heading == "Training" and "died, most often because memory ran out" in sentence


def test_through_papermill_in_a_folder_with_braces(tmp_path, monkeypatch):
    """Kernels, for once: parameters as checked, this interpreter whatever kernelspec is about, pages without code."""
    spec = tmp_path / "jupyter/kernels/python3"
    spec.mkdir(parents=True)
    broken = {"argv": ["false", "{connection_file}"], "display_name": "x", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(broken))
    monkeypatch.setenv("JUPYTER_PATH", str(spec.parents[1]))
    root = tmp_path / "a {profile} {b} folder"
    root.mkdir()
    make_project(root, monkeypatch)
    settings(root, "02_train_baseline", learning_rate="5e-6")
    stream = io.StringIO()
    run("demo", only="01", force=True, stream=stream)
    run("demo", only="02", stream=stream)
    assert "01_prepare_dataset  done in" in stream.getvalue() and "(forced)" in stream.getvalue()
    folder = root / "outputs/demo/notebooks"
    assert sys.executable in (folder / "01_prepare_dataset.ipynb").read_text()
    assert "learning rate 5e-06" in (folder / "02_train_baseline.ipynb").read_text()
    page = (folder / "02_train_baseline.html").read_text()
    assert "<title>Phase baseline</title>" in page and "learning rate 5e-06" in page
    assert "hashlib" not in page and "from_notebook" not in page
    assert not re.search(r'(src|href)="(https?:)?//', page)


def test_a_failing_cell_is_reported_and_kept(project):
    for stem in ALL[:4]:
        run("demo", only=stem, execute=in_process, stream=io.StringIO())
    stream = io.StringIO()
    expected = {
        "13": "ZeroDivisionError: float division by zero",
        "14": "the held-out set in corpus/ is empty",
    }
    for target, exception in expected.items():
        with pytest.raises(NotebookFailed) as caught:
            run(
                "demo",
                only="05",
                overrides=[("target_loss", target)],
                execute=execute,
                stream=stream,
            )
        lines = str(caught.value).splitlines()
        assert lines[0] == "05_evaluate failed"
        assert lines[1].endswith("Scores on the held-out set") and lines[2].removeprefix(
            "  with  "
        ).startswith(exception)
        assert "outputs/demo/notebooks/05_evaluate.ipynb" in lines[3]
    page = (project / "outputs/demo/notebooks/05_evaluate.html").read_text()
    assert (
        "<title>How the phases compare</title>" in page
        and "VagoError" in page
        and "compared 3" in page
    )
    assert "hidden_in_the_page" not in page
    assert "05_evaluate  failed after" in stream.getvalue()
    assert "05_evaluate" not in json.loads((project / "outputs/demo/run.json").read_text())["steps"]
