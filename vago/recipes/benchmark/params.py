"""The settings of notebook 91: a training phase's, and what to measure."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vago.training.params import TrainParams


class BenchmarkParams(TrainParams):
    """91: training and synthesis beside the stock recipe, same clips, batch and language."""

    profile: str = Field(
        "benchmark", pattern=r"^[A-Za-z0-9_-]+$", description="names the folder outputs/<profile>/"
    )
    model: Literal["embedded", "full size", "base"] = Field(
        "embedded",
        description="bundled; XTTS-v2's exact shape with random weights; the files in base_dir",
    )
    clips: int = Field(24, ge=6, description="clips of the demo's voice that both sides train on")
    rounds: int = Field(3, ge=1, description="turns of stock and vago; the median counts")
    steps: int = Field(4, ge=1, description="optimizer steps per round")
    warm_up_steps: int = Field(1, ge=0, description="steps before the clock runs")
    micro_batches: list[int] = Field(
        [3, 6], min_length=1, description="clips per micro-batch to measure beside batch_size"
    )
    bf16_steps: int = Field(
        0, ge=0, description="steps of the comparison of bf16 with fp32; 0: none"
    )
    threads: int = Field(0, ge=0, description="CPU threads; 0: torch's default")
    speech_lines: int = Field(
        2, ge=0, description="quiz lines that stock and vago speak; 0: none, 15: all"
    )
    peak_tflops: float = Field(
        989.0, gt=0, description="the GPU's dense bf16 peak (H100: 989), for model-FLOP utilisation"
    )

    @property
    def notebook(self) -> str:  # type: ignore[override]
        return "91_benchmark"
