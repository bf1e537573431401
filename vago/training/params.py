"""Settings of notebooks 02 to 04: one phase of fine-tuning."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from vago.model.phases import PHASES
from vago.settings import Params

# Not inherited from the parent phase, which another machine may have trained
OF_THE_MACHINE = {"processes"}


def inherited(default: Any, *, description: str = "", **limits: Any) -> Any:
    """A setting that is None unless given: the parent phase's value, or `default` in the first."""
    return Field(None, description=description, json_schema_extra={"first": default}, **limits)


class TrainParams(Params):
    """02-04: one phase. `None` takes the parent phase's value, or in a first phase its default."""

    renamed: ClassVar[dict[str, str]] = {"checkpointing": "gradient_checkpointing"}

    # what is trained, from what
    phase: Literal["baseline", "combined", "ultrafine"] = Field(
        "baseline", description="what is trained"
    )
    parent: Literal["baseline", "combined"] | None = Field(
        None, description="start from this phase's best weights; None: from the base"
    )
    sources: list[str] = Field(
        ["quiz"], min_length=1, description="the clips of these are trained on"
    )
    language: Literal["hu"] = Field("hu", description="of the texts")

    # optimization
    epochs: int = Field(30, ge=1, description="passes over the training clips")
    learning_rate: float = Field(5e-6, gt=0, le=1, description="of AdamW, after the warm-up")
    batch_size: int | None = inherited(3, description="clips in a micro-batch", ge=1)
    accumulation: int | None = inherited(1, description="micro-batches per optimizer step", ge=1)
    optimizer: Literal["adamw", "adamw_8bit", "adamw_8bit_paged"] | None = inherited(
        "adamw", description="8 bits: a quarter of the optimizer's memory"
    )
    weight_decay: float | None = inherited(0.01, description="of AdamW", ge=0)
    schedule: Literal["cosine", "constant"] | None = inherited(
        "cosine", description="of the learning rate after the warm-up"
    )
    warmup_steps: int | None = inherited(
        50, description="the learning rate rises from 0 during these", ge=0
    )
    max_grad_norm: float | None = inherited(
        1.0, description="gradients are clipped to this norm", gt=0
    )
    dropout: float | None = inherited(0.1, description="share of activations set to 0", ge=0, lt=1)
    text_loss_weight: float | None = inherited(
        0.01, description="weight of text CE beside mel CE", ge=0
    )
    lora_rank: int | None = inherited(
        0, description="0: all weights are trained; else only LoRA of this rank", ge=0
    )

    # prompts
    prompt: Literal["shared", "other", "masked"] | None = inherited(
        "shared",
        description="one a batch, one a clip, or from the clip itself and masked, as stock does",
    )
    prompt_min_seconds: float | None = inherited(3.0, description="shortest prompt", ge=0.5)
    prompt_max_seconds: float | None = inherited(6.0, description="longest prompt", le=30)

    # speed and memory
    precision: Literal["auto", "fp32", "bf16"] | None = inherited(
        "auto", description="auto: bf16 on a GPU that computes in it"
    )
    gradient_checkpointing: bool | None = inherited(
        False,
        description="recompute activations in the backward pass: less memory, a third more time",
    )
    torch_compile: Literal["none", "blocks", "graphs"] | None = inherited(
        "none", description="torch.compile of the GPT's blocks; graphs: as CUDA graphs"
    )
    processes: int | None = inherited(
        1, description="GPUs that a notebook trains with; each adds a micro-batch", ge=1
    )

    # validation, checkpoints and logs
    eval_every: int | None = inherited(100, description="steps between evaluations", ge=1)
    eval_batch_size: int | None = inherited(8, description="clips scored at once", ge=1)
    patience: int | None = inherited(
        None, description="stop after so many evaluations without a new best", ge=1
    )
    save_every: int | None = inherited(100, description="steps between checkpoints", ge=1)
    log_every: int | None = inherited(10, description="steps between lines of the log", ge=1)
    best_precision: Literal["fp32", "fp16", "bf16"] | None = inherited(
        "fp16", description="of the weights in best.safetensors"
    )
    last_precision: Literal["full", "compact"] | None = inherited(
        "full", description="compact: a third of the bytes, resumes to rounding"
    )

    @property
    def notebook(self) -> str:  # type: ignore[override]
        return f"{PHASES.index(self.phase) + 2:02d}_train_{self.phase}"

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """{name: value of a first phase} of every setting that a later phase inherits."""
        fields = cls.model_fields.items()
        return {
            name: field.json_schema_extra["first"]
            for name, field in fields
            if field.json_schema_extra
        }

    @model_validator(mode="after")
    def _in_order(self):
        if self.parent and PHASES.index(self.parent) >= PHASES.index(self.phase):
            raise ValueError(
                f"phase {self.phase} cannot start from {self.parent}, "
                "which comes after it or is the same phase"
            )

        low, high = self.prompt_min_seconds, self.prompt_max_seconds
        if low and high and low > high:
            raise ValueError(f"prompt_min_seconds {low} is above prompt_max_seconds {high}")
        return self

    def inherit(self, parent: dict[str, Any] | None) -> TrainParams:
        """Fill every None with the parent phase's resolved setting, else with the default."""
        resolved = self.defaults()
        from_parent = self.with_new_names(parent or {}, where="the parent phase")
        for name, value in from_parent.items():
            if name in resolved and name not in OF_THE_MACHINE:
                resolved[name] = value

        given = {name: value for name, value in self.model_dump().items() if value is not None}
        return type(self)(**resolved | given)
