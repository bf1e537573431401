"""Whether weights are up to date: the trainer and the runner give one answer."""

from __future__ import annotations

import json

import pytest

from helpers.projects import ROOT, train_params
from vago import VagoError
from vago.model.phases import BEST
from vago.training import lineage, step
from vago.training.processes import Interrupted
from vago.training.train import train_phase
from vago.workbook.record import notebook_code

SHORT = dict(epochs=1, eval_every=10, save_every=1)


def edit_loss(package, old: str, new: str) -> None:
    file = package / "training" / "loss.py"
    source = file.read_text(encoding="utf-8")
    assert old in source
    file.write_text(source.replace(old, new), encoding="utf-8")


def runners_digests() -> dict[str, str]:
    notebook = json.loads((ROOT / "notebooks/02_train_baseline.ipynb").read_text(encoding="utf-8"))
    code = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return notebook_code(["".join(source) for source in code])


@pytest.mark.slow
def test_another_loss_is_trained_again_and_a_comment_is_not(project, package, monkeypatch):
    lines: list[str] = []
    first = train_phase(train_params(**SHORT), project, log=lines.append)
    digests = runners_digests()

    edit_loss(package, "import torch\n", "import torch  # the tensors\n")
    assert train_phase(train_params(**SHORT), project, log=lines.append) == first
    assert "is complete already" in lines[-1]
    assert runners_digests() == digests

    # three times the loss, in the code that runs and in the code of which digests are taken
    edit_loss(package, "return mel_nll.sum()", "return 3 * mel_nll.sum()")
    loss = step.training_loss
    monkeypatch.setattr(step, "training_loss", lambda *given: 3 * loss(*given))
    lines.clear()
    second = train_phase(train_params(**SHORT), project, log=lines.append)
    assert not [line for line in lines if "is complete already" in line]
    assert second["best_sha256"] != first["best_sha256"]
    assert second["lineage"]["code"] != first["lineage"]["code"]
    assert runners_digests() != digests

    # another phase's parent is these weights, made by this code
    assert lineage.finished(project.phase("baseline"), second["lineage"]) == second
    assert lineage.finished(project.phase("baseline"), first["lineage"]) is None


@pytest.mark.slow
def test_an_unfinished_run_is_not_resumed_by_other_code(project, package):
    def stop(line: str) -> None:
        if line.startswith("step 2/"):
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, Interrupted)):
        train_phase(train_params(**SHORT | {"epochs": 2}), project, log=stop)

    edit_loss(package, "return mel_nll.sum()", "return 3 * mel_nll.sum()")
    with pytest.raises(VagoError, match=r"made with other code in vago/training/loss\.py: restore"):
        train_phase(train_params(**SHORT | {"epochs": 2}), project, log=lambda line: None)
    assert not (project.phase("baseline") / "phase.json").exists()


def test_a_record_without_code_is_not_up_to_date():
    """Records that earlier versions wrote do not say which code made the weights."""
    now = {"settings": {}, "code": {"vago/training/loss.py": "ab"}}
    assert lineage.differences({"settings": {}}, now) == ["other code in vago/training/loss.py"]
    assert lineage.differences(now, now) == []


def test_best_weights_must_be_those_of_the_record(project):
    assert lineage.finished(project.phase("baseline"), {}) is None
    assert not (project.phase("baseline") / BEST).exists()
