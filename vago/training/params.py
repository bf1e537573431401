"""TODO: what training.params is for."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from vago.model.phases import PHASES
from vago.settings import Params


class TrainParams(Params):
    """02-04: one phase. `None` inherits the parent phase's value, or the default below for a first phase."""

    DEFAULTS: ClassVar[dict[str, Any]] = dict(
        batch_size=3, accumulation=1, weight_decay=0.01, schedule="cosine", warmup_steps=50, max_grad_norm=1.0,
        text_loss_weight=0.01, prompt="shared", prompt_min_seconds=3.0, prompt_max_seconds=6.0, dropout=0.1,
        precision="auto", eval_every=100, eval_batch_size=8, save_every=100, log_every=10, patience=None, processes=1,
        optimizer="adamw", gradient_checkpointing=False, lora_rank=0, torch_compile="none", best_precision="fp16", last_precision="full",
    )  # fmt: skip

    phase: Literal["baseline", "combined", "ultrafine"] = "baseline"
    parent: Literal["baseline", "combined"] | None = Field(
        None, description="start from this phase's best; None: the base"
    )
    sources: list[str] = Field(["quiz"], min_length=1)
    language: Literal["hu"] = "hu"
    epochs: int = Field(30, ge=1)
    learning_rate: float = Field(5e-6, gt=0, le=1)

    batch_size: int | None = Field(None, ge=1)
    accumulation: int | None = Field(None, ge=1, description="micro-batches per optimizer step")
    weight_decay: float | None = Field(None, ge=0)
    schedule: Literal["cosine", "constant"] | None = None
    warmup_steps: int | None = Field(None, ge=0)
    max_grad_norm: float | None = Field(None, gt=0)
    text_loss_weight: float | None = Field(None, ge=0)
    prompt: Literal["shared", "other", "masked"] | None = Field(
        None, description="one a batch, one a clip, stock's way"
    )
    prompt_min_seconds: float | None = Field(None, ge=0.5)
    prompt_max_seconds: float | None = Field(None, le=30)
    dropout: float | None = Field(None, ge=0, lt=1)
    precision: Literal["auto", "fp32", "bf16"] | None = None
    eval_every: int | None = Field(None, ge=1)
    eval_batch_size: int | None = Field(None, ge=1)
    save_every: int | None = Field(None, ge=1)
    log_every: int | None = Field(None, ge=1)
    patience: int | None = Field(
        None, ge=1, description="stop after so many evaluations without a new best"
    )
    optimizer: Literal["adamw", "adamw_8bit", "adamw_8bit_paged"] | None = Field(
        None, description="8 bits: a quarter the memory"
    )
    gradient_checkpointing: bool | None = Field(
        None, description="recompute each block on the way back: less memory, a third more time"
    )
    lora_rank: int | None = Field(
        None, ge=0, description="0: all weights learn; else only adapters of this rank do"
    )
    torch_compile: Literal["none", "blocks", "graphs"] | None = Field(
        None, description="torch.compile; graphs: as CUDA graphs"
    )
    best_precision: Literal["fp32", "fp16", "bf16"] | None = Field(
        None, description="of the weights in best.safetensors"
    )
    last_precision: Literal["full", "compact"] | None = Field(
        None, description="compact: a third, resumes to rounding"
    )
    processes: int | None = Field(
        None, ge=1, description="GPUs a notebook trains with; each adds a micro-batch"
    )

    @property
    def notebook(self) -> str:  # type: ignore[override]
        return f"{PHASES.index(self.phase) + 2:02d}_train_{self.phase}"

    @model_validator(mode="after")
    def _in_order(self):
        if self.parent and PHASES.index(self.parent) >= PHASES.index(self.phase):
            raise ValueError(
                f"phase {self.phase} cannot start from {self.parent}, which comes after it or is itself"
            )
        low, high = self.prompt_min_seconds, self.prompt_max_seconds
        if low and high and low > high:
            raise ValueError(f"prompt_min_seconds {low} is above prompt_max_seconds {high}")
        return self

    def inherit(self, parent: dict[str, Any] | None) -> TrainParams:
        """Fill every None from the parent phase's resolved settings, else from DEFAULTS."""
        from_parent = {
            k: v for k, v in (parent or {}).items() if k in self.DEFAULTS and k != "processes"
        }  # the machine's
        return type(self)(
            **self.DEFAULTS
            | from_parent
            | {k: v for k, v in self.model_dump().items() if v is not None}
        )
