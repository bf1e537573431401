"""Two processes over gloo train as one with twice the accumulation, from shell and notebook."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from helpers.projects import ROOT, train_params
from helpers.training import rows_of, silent, validation_losses
from vago import VagoError
from vago.training import processes
from vago.training.train import train_phase

pytestmark = pytest.mark.slow

LAUNCH = (
    "-m accelerate.commands.launch --multi_gpu --num_processes 2 --num_machines 1 "
    "--mixed_precision no --dynamo_backend no -m vago.training.train phase.yaml"
)
CELL = """
    import os
    os.environ["OMP_NUM_THREADS"] = "1"
    from vago.paths import Paths
    from vago.training.params import TrainParams
    from vago.training.train import train_phase
    p = TrainParams.load("two.yaml")
    calls = []
    result = train_phase(p, Paths.of(p, os.getcwd()), listener=lambda rows: calls.append(rows))
    print("complete", result["complete"], result["lineage"]["settings"]["processes"])
"""


def write_settings(p, file) -> None:
    settings = {name: value for name, value in p.model_dump().items() if value is not None}
    file.write_text(yaml.safe_dump(settings))


def test_two_processes_give_the_curve_of_twice_the_accumulation(baseline, project):
    """2 processes with 1 micro-batch each equal 1 with 2, also in a partial last group."""
    write_settings(train_params(accumulation=1), project.root / "phase.yaml")
    variables = {
        "VAGO_HOME": str(project.root),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
    }

    done = subprocess.run(
        [sys.executable, *LAUNCH.split()],
        cwd=project.root,
        env=os.environ | variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[:3000]
    assert done.stdout.count("step 6/6  loss") == 1, "only the main process logs"

    alone, together = rows_of(baseline[0]), rows_of(project)
    assert [row["step"] for row in together] == [row["step"] for row in alone]
    for one, two in zip(alone, together):
        for loss in ("mel_ce", "text_ce"):
            assert two[loss] == pytest.approx(one[loss], abs=1e-4)


def test_two_processes_from_a_notebook(project):
    """The training call of notebooks 02 to 04 with processes = 2, in a real kernel."""
    steps = dict(epochs=1, eval_every=2, save_every=10)
    train_phase(train_params(accumulation=2, **steps), project, log=silent)
    alone = validation_losses(project)

    p = train_params(accumulation=1, processes=2, **steps)
    write_settings(p, project.root / "two.yaml")
    cell = nbformat.v4.new_code_cell(textwrap.dedent(CELL))
    notebook = nbformat.v4.new_notebook(cells=[cell])
    folder = {"metadata": {"path": str(project.root)}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=folder).execute()

    printed = "".join(out.get("text", "") for out in notebook.cells[0].outputs)
    assert "complete True 2" in printed
    assert printed.count("step 2/2  loss") == 1, "only the main process logs"
    assert validation_losses(project) == pytest.approx(alone, abs=1e-4)

    left = {path.name for path in project.phase("baseline").iterdir()}
    assert not left & {"last.safetensors", processes.SETTINGS}
    assert len(list(project.home.rglob("metrics.jsonl"))) == 1


def test_processes_that_fail_give_the_reason(project):
    with pytest.raises(VagoError, match="baseline in 2 processes: .*radio"):
        train_phase(train_params(sources=["radio"], processes=2), project, log=silent)
