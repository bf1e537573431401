"""The settings of each notebook: one pydantic model per notebook, read from YAML, unknown keys refused."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, ClassVar, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from vago import VagoError
from vago.text import normalize

PHASES = ("baseline", "combined", "ultrafine")


class Params(BaseModel):
    """What every notebook shares. Subclasses add their own settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    notebook: ClassVar[str] = ""

    profile: str = Field(
        "demo", pattern=r"^[A-Za-z0-9_-]+$", description="names the folder outputs/<profile>/"
    )
    outputs_root: str = Field(
        "outputs", description="where every profile's folder lies, relative to the project"
    )
    base_dir: str = Field("", description="folder of the base model; empty: outputs/<profile>/base")
    seed: int = Field(1, ge=0, lt=2**31, description="fixes every random choice")

    @classmethod
    def load(cls, path: Path, overrides: dict[str, Any] | None = None):
        """Read a YAML parameter file. Raises VagoError naming the file, the key and what is wrong with it."""
        return cls.checked({**read_yaml(path), **(overrides or {})}, where=str(path))

    @classmethod
    def from_notebook(cls, namespace: dict[str, Any]):
        """Read the parameters a notebook holds as plain variables: `p = TrainParams.from_notebook(globals())`.

        Papermill injects a misspelt parameter with no more than a warning; here a plain variable that no
        setting is named after is refused, so that a misspelling cannot pass unseen. Names with a leading
        underscore and IPython's own are left alone.
        """

        def plain(value: Any) -> bool:
            return (
                all(map(plain, value))
                if isinstance(value, list)
                else isinstance(value, str | int | float | None)
            )

        own = {"In", "Out", "exit", "quit", "get_ipython", "open"}
        values = {
            name: value
            for name, value in namespace.items()
            if not name.startswith("_") and name not in own and plain(value)
        }
        return cls.checked(values, where="the notebook's parameters cell")

    @classmethod
    def checked(cls, values: dict[str, Any], where: str):
        """Validate a dict; one sentence per problem, all in one VagoError."""
        try:
            return cls(**values)
        except ValidationError as error:
            raise VagoError("; ".join(cls._sentence(e, where) for e in error.errors())) from None

    @classmethod
    def _sentence(cls, error: dict[str, Any], where: str) -> str:
        name = ".".join(str(part) for part in error["loc"]) or "the settings"
        if error["type"] == "extra_forbidden":
            near = difflib.get_close_matches(name, cls.model_fields, n=1)
            hint = (
                f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(cls.model_fields)}"
            )
            return f"{where}: {cls.__name__} has no setting {name!r}; {hint}"
        message = error["msg"].removeprefix("Value error, ")
        return f"{where}: {name} = {error['input']!r} will not do: {message}"


class CorpusParams(Params):
    """01: recordings -> clips."""

    notebook: ClassVar[str] = "01_prepare_dataset"

    recordings_dir: str = Field(
        "", description="one folder per source; empty: outputs/<profile>/recordings"
    )
    sources: list[str] = Field(
        ["quiz", "interview"], min_length=1, description="the folders to read, in this order"
    )
    demo_voice: bool = Field(
        False, description="make recordings on the spot, open the base that comes with vago"
    )
    speaker: str = "speaker"
    language: Literal["hu"] = "hu"

    min_seconds: float = Field(0.5, ge=0.5, description="XTTS ignores clips under half a second")
    max_seconds: float = Field(11.6, gt=1, le=11.6, description="255,995 samples at 22,050 Hz")
    max_tokens: int = Field(200, ge=10, le=400)
    search_seconds: float = Field(
        0.4, ge=0, le=2, description="how far from a cue's edge a silence is looked for"
    )
    padding_seconds: float = Field(
        0.1, ge=0, le=0.5, description="silence kept on both sides of the speech"
    )
    loudness_lufs: float = Field(-23.0, ge=-40, le=-10)
    silent_dbfs: float = Field(
        -50.0, description="a clip whose loudest 50 ms are under this is silent"
    )
    clipped_fraction: float = Field(
        0.001, ge=0, le=1, description="share of samples at full scale that makes a clip clipped"
    )
    min_snr_db: float = Field(10.0, description="speech over noise; less makes a clip noisy")
    max_background_db: float = Field(
        -18.0, le=0, description="how loud music or applause may be, relative to the speech"
    )
    min_bandwidth_hz: float = Field(
        3000.0, ge=0, description="speech that ends under this is narrow; a telephone's is 3400"
    )
    rate_deviations: float = Field(
        6.0, gt=0, description="robust standard deviations of the speaking rate's logarithm"
    )
    denoise: bool = Field(
        False, description="take noise out of every clip with DeepFilterNet 3 (extra `denoise`)"
    )
    recogniser: str = Field(
        "",
        description="for recordings without a transcript: a Whisper model's folder or name; empty: base",
    )
    recogniser_device: Literal["cpu", "cuda"] = "cpu"
    cut_min_seconds: float = Field(
        2.0, ge=0.5, description="shortest clip of a recording without a transcript"
    )
    cut_padding_seconds: float = Field(
        0.15, ge=0, le=0.5, description="silence kept on both sides of it"
    )
    max_heard_cer: float = Field(
        0.3, ge=0, description="character error rate between its text and what is heard in it alone"
    )
    min_confidence: float = Field(0.4, ge=0, le=1, description="mean probability of its words")
    check_speaker: bool = Field(True, description="leave other voices out of it")
    speaker_sample: str | None = Field(
        None, description="a file with a few seconds of the target; None: who speaks most"
    )
    min_similarity: float = Field(0.65, ge=-1, le=1, description="cosine to the target's voice")
    long_seconds: float = Field(7.0, description="clips from here on are long")
    medium_seconds: float = Field(4.0, description="clips from here on are medium, below short")

    held_out_fraction: float = Field(0.05, gt=0, lt=0.5)
    held_out_min_clips: int = Field(12, ge=2)
    stretch_seconds: float = Field(
        30.0, gt=0, description="length of the stretches the held-out set is made of"
    )


class TrainParams(Params):
    """02-04: one phase. `None` inherits the parent phase's value, or the default below for a first phase."""

    DEFAULTS: ClassVar[dict[str, Any]] = dict(
        batch_size=3, accumulation=1, weight_decay=0.01, schedule="cosine", warmup_steps=50, max_grad_norm=1.0,
        text_loss_weight=0.01, prompt="shared", prompt_min_seconds=3.0, prompt_max_seconds=6.0, dropout=0.1,
        precision="auto", eval_every=100, eval_batch_size=8, save_every=100, log_every=10, patience=None, processes=1,
        optimizer="adamw", checkpointing=False, lora_rank=0, torch_compile="none", best_precision="fp16", last_precision="full",
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
    checkpointing: bool | None = Field(
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


class SpeechParams(Params):
    """How speech is drawn from the model, for 05 and 06 alike; the defaults are XTTS-v2's published ones."""

    language: Literal["hu"] = "hu"
    temperature: float = Field(0.75, ge=0, le=2, description="0 takes the likeliest code each time")
    top_k: int = Field(50, ge=1)
    top_p: float = Field(0.85, gt=0, le=1)
    repetition_penalty: float = Field(5.0, ge=1)
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="of the GPT; auto: bf16 on a GPU that has it"
    )
    prompt_seconds: float = Field(
        6.0, ge=1, le=30, description="reference audio from the training clips"
    )
    max_seconds_per_char: float = Field(
        0.15, gt=0, description="a line that has not ended by then is cut, and said to be"
    )
    max_characters: int = Field(
        normalize.SOFT_LIMIT, ge=20, description="longer lines are spoken in pieces"
    )
    retakes: int = Field(
        2, ge=0, le=20, description="so often at most is a sentence of odd length drawn again"
    )


class EvaluateParams(SpeechParams):
    """05: every phase on the same held-out clips."""

    notebook: ClassVar[str] = "05_evaluate"

    phases: list[Literal["baseline", "combined", "ultrafine"]] = list(PHASES)
    target_loss: float = Field(2.5, gt=0, description="the mel + text CE one would like to reach")
    bootstrap_samples: int = Field(2000, ge=100)
    eval_batch_size: int = Field(8, ge=1)
    speech_clips: int = Field(6, ge=0, description="held-out sentences spoken by each phase")


class SampleParams(SpeechParams):
    """06: the script, spoken."""

    notebook: ClassVar[str] = "06_generate_samples"

    script: str = Field(
        "quiz_show", pattern=r"^[A-Za-z0-9_-]+$", description="params/scripts/<script>.yaml"
    )
    phase: Literal["best", "base", "baseline", "combined", "ultrafine"] = "best"
    pause_seconds: float = Field(
        0.35, ge=0, le=3, description="silence between the sentences of a long line"
    )
    loudness_lufs: float = Field(-20.0, ge=-40, le=-10)


class PretrainParams(Params):
    """90: the embedded base, from espeak-ng's voices."""

    notebook: ClassVar[str] = "90_pretrain_base"

    profile: str = Field(
        "pretrain", pattern=r"^[A-Za-z0-9_-]+$", description="names the folder outputs/<profile>/"
    )
    go_on: bool = Field(
        False,
        description="start from the weights that come with vago; a profile of its own keeps stages apart",
    )
    speakers: int = Field(
        48, ge=2, description="espeak-ng voices for the DVAE, the speaker encoder and the decoder"
    )
    readers: int = Field(
        16,
        ge=1,
        description="the first so many speakers read `read_texts` more; only the long course has all",
    )
    short_texts: int = Field(
        900,
        ge=40,
        description="texts of two to five words by each of the first six, who teach them",
    )
    other_short_texts: int = Field(60, ge=0, description="and by each of the others")
    long_texts: int = Field(110, ge=40, description="sentences by each speaker")
    read_texts: int = Field(
        2500, ge=0, description="texts more that each reader reads; only their codes are kept"
    )
    dvae_steps: int = Field(400, ge=1, description="before the codebook is fitted, and again after")
    gpt_layers: int = Field(4, ge=1)
    gpt_width: int = Field(192, ge=64, multiple_of=64, description="one head per 64")
    short_steps: int = Field(2000, ge=0)
    medium_steps: int = Field(750, ge=0)
    long_steps: int = Field(5000, ge=0)
    learning_rate: float = Field(1.2e-3, gt=0)
    batch_size: int = Field(16, ge=4, multiple_of=4)
    speaker_steps: int = Field(600, ge=1)
    decoder_width: int = Field(
        128,
        ge=16,
        le=512,
        multiple_of=16,
        description="first channels of the HiFi-GAN; stock has 512",
    )
    decoder_clips: int = Field(
        40, ge=1, description="clips of each speaker the decoder learns from"
    )
    decoder_steps: int = Field(10_000, ge=0)
    decoder_adversarial_steps: int = Field(
        0, ge=0, description="the last so many against discriminators; on a GPU"
    )
    decoder_batch: int = Field(8, ge=1)
    save_every: int = Field(
        250, ge=1, description="steps between checkpoints, and so the most a stop can cost"
    )


class ScriptLine(BaseModel):
    """One line of a script. `name` becomes part of the file name: 01_opening.wav."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[a-z0-9_]+$")
    text: str = Field(min_length=1)
    category: str = ""


class Script(BaseModel):
    """params/scripts/<name>.yaml: what is to be said, apart from how."""

    model_config = ConfigDict(extra="forbid")
    title: str
    lines: list[ScriptLine] = Field(min_length=1)

    @field_validator("lines")
    @classmethod
    def _names_differ(cls, lines):
        names = [line.name for line in lines]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"line names must differ, found twice: {', '.join(twice)}")
        return lines

    @classmethod
    def load(cls, path: Path) -> Script:
        try:
            return cls(**read_yaml(path))
        except ValidationError as error:
            raise VagoError(
                "; ".join(
                    f"{path}: {'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}"
                    for e in error.errors()
                )
            ) from None


NOTEBOOKS: dict[str, type[Params]] = {
    "01_prepare_dataset": CorpusParams,
    "02_train_baseline": TrainParams,
    "03_train_combined": TrainParams,
    "04_train_ultrafine": TrainParams,
    "05_evaluate": EvaluateParams,
    "06_generate_samples": SampleParams,
}


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping; VagoError where the file is missing, is no YAML or is not a mapping."""
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise VagoError(f"{path} does not exist: each notebook needs its parameter file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise VagoError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise VagoError(f"{path} should hold `name: value` lines, found a {type(content).__name__}")
    return content
