"""Non-finite losses: one step is skipped, several are rolled back, too many end the phase."""

from __future__ import annotations

import pytest

from helpers.projects import train_params
from helpers.training import rows_of, silent
from vago import VagoError
from vago.model import checkpoint
from vago.training.loss import GPTLoss
from vago.training.train import train_phase


def make_nan(monkeypatch, bad) -> None:
    """Make the loss of the n-th training micro-batch NaN where `bad(n)`."""
    forward, calls = GPTLoss.forward, []

    def poisoned(self, batch):
        mel, text = forward(self, batch)
        if self.training:
            calls.append(1)
            if bad(len(calls)):
                mel = mel * float("nan")
        return mel, text

    monkeypatch.setattr(GPTLoss, "forward", poisoned)


def test_a_non_finite_loss_skips_its_step_only(project, monkeypatch):
    make_nan(monkeypatch, lambda n: n == 2)
    result = train_phase(train_params(epochs=1), project, log=silent)

    warnings = [row for row in rows_of(project) if row["kind"] == "warning"]
    assert [row["step"] for row in warnings if row["about"] == "non-finite"] == [1]
    assert result["complete"] and result["best_step"] > 0


@pytest.mark.slow
def test_three_in_a_row_roll_back_to_the_last_good_state(project, monkeypatch):
    make_nan(monkeypatch, lambda n: 4 <= n <= 8)  # steps 3, 4 and 5
    result = train_phase(train_params(epochs=4), project, log=silent)

    warnings = [row for row in rows_of(project) if row["kind"] == "warning"]
    rollbacks = [row["message"] for row in warnings if row["about"] == "rolled back"]
    assert any("weights of step 2" in message for message in rollbacks)
    assert result["complete"] and result["step"] == 8


@pytest.mark.slow
def test_endless_non_finite_losses_end_with_advice(project, monkeypatch):
    make_nan(monkeypatch, lambda n: n > 3)
    with pytest.raises(VagoError, match="non-finite losses in a row.*lower learning_rate"):
        train_phase(train_params(epochs=12), project, log=silent)
    checkpoint.load_tensors(project.phase("baseline") / "best.safetensors")
