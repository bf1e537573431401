"""Settings of notebook 05: the evaluation of all phases."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from vago.model.phases import PHASES
from vago.synthesis.params import SpeechParams


class EvaluateParams(SpeechParams):
    """05: every phase on the same test clips."""

    notebook: ClassVar[str] = "05_evaluate"

    phases: list[Literal["baseline", "combined", "ultrafine"]] = Field(
        list(PHASES),
        description="what is compared with the base; `vago run` trains these and no other",
    )
    target_loss: float = Field(2.5, gt=0, description="the loss to reach")
    bootstrap_samples: int = Field(2000, ge=100, description="for each interval")
    eval_batch_size: int = Field(8, ge=1, description="clips scored at once")
    speech_clips: int = Field(6, ge=0, description="test sentences spoken by each phase")
    transcribe: bool | None = Field(
        None, description="whether ASR transcribes them; null: where it is installed"
    )
