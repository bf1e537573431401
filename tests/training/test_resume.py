"""A training that was stopped or killed resumes to the same bits, or the error says why not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pandas as pd
import pytest

from helpers.projects import ROOT, train_params
from helpers.training import rows_of, silent, stop_at
from vago import VagoError
from vago.corpus import corpus
from vago.model import checkpoint
from vago.training.loss import GPTLoss
from vago.training.processes import Interrupted
from vago.training.train import train_phase

KILLED_AFTER_STEP_5 = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from helpers.projects import train_params
from vago.paths import Paths
from vago.training.train import train_phase

def log(line):
    if line.startswith("step 5/"):
        os.kill(os.getpid(), signal.SIGKILL)

train_phase(train_params(), Paths.of(train_params(), Path({root!r})), log=log)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_inside_an_accumulation_group_loses_nothing(
    baseline, project, monkeypatch, number
):
    forward, calls = GPTLoss.forward, []

    def interrupting(self, batch):
        if self.training:
            calls.append(1)
            # 9 clips by 3: steps of 2 + 1 micro-batches, so this is the first of two in step 4
            if len(calls) == 6:
                os.kill(os.getpid(), number)
        return forward(self, batch)

    monkeypatch.setattr(GPTLoss, "forward", interrupting)
    p = train_params()
    with pytest.raises(Interrupted, match=r"stopped after step [34] of 6, all saved"):
        train_phase(p, project, log=silent)
    last = project.phase("baseline") / "last.safetensors"
    assert last.exists()

    result = train_phase(p, project, log=silent)
    assert result["best_sha256"] == baseline[1]["best_sha256"]
    assert rows_of(project) == rows_of(baseline[0])
    assert not last.exists()


@pytest.mark.slow
def test_a_stop_before_the_first_step_is_resumed(baseline, project):
    with pytest.raises(Interrupted, match="stopped after step 0 of 6"):
        train_phase(train_params(), project, log=stop_at(0))

    result = train_phase(train_params(), project, log=silent)
    assert result["best_sha256"] == baseline[1]["best_sha256"]
    assert rows_of(project) == rows_of(baseline[0])


@pytest.mark.slow
def test_a_resume_after_sigkill_gives_the_same_bits(baseline, project):
    script = KILLED_AFTER_STEP_5.format(tests=str(ROOT / "tests"), root=str(project.root))
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    meta = checkpoint.read_meta(project.phase("baseline") / "last.safetensors")
    assert meta["position"]["step"] == 4

    lines = []
    result = train_phase(train_params(), project, log=lines.append)
    assert "resuming from step 4 of 6" in lines
    assert result["best_sha256"] == baseline[1]["best_sha256"]
    assert rows_of(project) == rows_of(baseline[0])


def correct_a_text(folder) -> None:
    """Change one clip's text as notebook 01 would: the corpus stays whole, its digest changes."""
    table = pd.read_csv(folder / "clips.csv", dtype=str, keep_default_na=False)
    table.loc[0, "text"] += " Igen."
    table.to_csv(folder / "clips.csv", index=False)

    summary = json.loads((folder / "corpus.json").read_text())
    summary["sha256"] = corpus.digest(table)
    (folder / "corpus.json").write_text(json.dumps(summary))


def test_a_resume_with_other_settings_or_data_is_refused_by_name(project):
    p = train_params()
    with pytest.raises(Interrupted):
        train_phase(p, project, log=stop_at(2))
    last = project.phase("baseline") / "last.safetensors"
    before = last.read_bytes()

    with pytest.raises(VagoError, match=r"learning_rate 0.001 \(now 0.0005\)"):
        train_phase(train_params(learning_rate=5e-4), project, log=silent)

    correct_a_text(project.corpus)
    message = r"made with corpus [0-9a-f]{12} \(now [0-9a-f]{12}\): restore that"
    with pytest.raises(VagoError, match=message):
        train_phase(p, project, log=silent)
    assert last.read_bytes() == before


def test_settings_without_effect_may_change_on_resume(project):
    with pytest.raises(Interrupted):
        train_phase(train_params(epochs=1), project, log=stop_at(1))

    changed = train_params(epochs=1, log_every=2, save_every=5)
    assert train_phase(changed, project, log=silent)["complete"]


def test_a_torn_last_checkpoint_is_named_and_the_best_stays(project):
    with pytest.raises(Interrupted):
        train_phase(train_params(), project, log=stop_at(2))
    last = project.phase("baseline") / "last.safetensors"
    last.write_bytes(last.read_bytes()[:1000])

    with pytest.raises(VagoError, match="last.safetensors is torn"):
        train_phase(train_params(), project, log=silent)
    checkpoint.load_tensors(project.phase("baseline") / "best.safetensors")
