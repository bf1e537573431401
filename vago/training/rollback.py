"""What follows a step whose loss or gradient is not finite: skip it, roll back, or give up."""

from __future__ import annotations

from dataclasses import replace

from vago import VagoError
from vago.model import lora
from vago.model.phases import LAST
from vago.training import monitor
from vago.training.checkpoints import restore
from vago.training.setup import start_weights
from vago.training.state import Phase, Position

BAD_STEPS = 3  # non-finite steps in a row before rolling back to the last good state
ROLLBACKS = 3  # and this many rollbacks before giving up


def after_bad_step(phase: Phase, watch: monitor.Monitor) -> None:
    """After a step that was not finite and changed nothing; three in a row: roll back."""
    at = phase.at
    at.bad_steps += 1
    message = f"the loss or the gradient of step {at.step} is not a finite number: step skipped"
    watch.warn(at.step, "non-finite", message)
    if at.bad_steps < BAD_STEPS:
        return

    at.rollbacks += 1
    if at.rollbacks > ROLLBACKS:
        raise VagoError(
            f"{phase.p.phase} met {BAD_STEPS} non-finite losses in a row, the {at.rollbacks}th "
            f"time at step {at.step}: lower learning_rate or look for broken clips in the ledger; "
            f"the best weights so far are safe in {phase.folder}"
        )

    if (phase.folder / LAST).exists():
        restore(phase)
    else:
        lora.load_merged_weights(phase.gpt, start_weights(phase.p, phase.paths).state_dict())
        phase.optimizer.state.clear()
        phase.at = Position()
    message = (
        f"{BAD_STEPS} steps in a row were not finite: back to the weights of step "
        f"{phase.at.step}, continuing with the next clips"
    )
    watch.warn(at.step, "rolled back", message)

    # only weights and optimizer go back: the order of clips and the best so far do not
    phase.at = replace(at, bad_steps=0)
