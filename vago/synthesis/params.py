"""Settings of speech synthesis, shared by 05, 06, export and evaluation."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from vago.settings import NAME, Params

# The sampler's settings; coqui-tts has them under the same names.
SAMPLING = ("temperature", "top_k", "top_p", "repetition_penalty")

# What samples.csv has beside each file, in this order.
RECORDED = (*SAMPLING, "max_characters", "max_resamples", "prompt_seconds", "seed")

# XTTS's soft limit for Hungarian, over which its speech gets worse. It equals normalize.SOFT_LIMIT
# but is not imported: a change of the text room must not change the digest of all that reads
# settings.
HUNGARIAN_CHARACTERS = 224


class SpeechParams(Params):
    """Settings of speech synthesis, the same for 05 and 06; the defaults are those of XTTS-v2."""

    renamed: ClassVar[dict[str, str]] = {"retakes": "max_resamples"}

    language: Literal["hu"] = Field("hu", description="of the texts")
    temperature: float = Field(0.75, ge=0, le=2, description="0: greedy, always the likeliest code")
    top_k: int = Field(50, ge=1, description="sample among so many likeliest codes")
    top_p: float = Field(
        0.85, gt=0, le=1, description="and among those that make up this probability"
    )
    repetition_penalty: float = Field(
        5.0, ge=1, description="lowers the logits of codes that were already said; 1: none"
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="of the GPT; auto: bf16 on a GPU that computes in it"
    )
    prompt_seconds: float = Field(
        6.0, ge=1, le=30, description="reference audio from the training clips"
    )
    max_seconds_per_char: float = Field(
        0.15, gt=0, description="a sentence that has not ended by then is cut"
    )
    max_characters: int = Field(
        HUNGARIAN_CHARACTERS, ge=20, description="a longer line is split at sentence ends"
    )
    max_resamples: int = Field(
        2, ge=0, le=20, description="of a sentence whose duration is out of range, at most"
    )

    def sampling(self) -> dict[str, float]:
        """The sampler's settings by name."""
        return {name: getattr(self, name) for name in SAMPLING}

    def recorded(self) -> dict[str, float]:
        """The settings that samples.csv records beside each file."""
        return {name: getattr(self, name) for name in RECORDED}

    def synthesis(self) -> dict[str, Any]:
        """Every setting that the samples of a spoken line depend on, for cache keys."""
        names = SpeechParams.model_fields.keys() - Params.model_fields.keys()
        return {name: getattr(self, name) for name in sorted(names | {"seed"})}


class SampleParams(SpeechParams):
    """06: the lines of a script, spoken."""

    notebook: ClassVar[str] = "06_generate_samples"

    script: str = Field(
        "quiz_show", pattern=NAME, description="params/scripts/<script>.yaml or .txt"
    )
    phase: Literal["best", "base", "baseline", "combined", "ultrafine"] = Field(
        "best", description="who speaks; best: the phase with the lowest validation loss"
    )
    reference: str | None = Field(
        None,
        min_length=1,
        description="a clip_id or an audio file to condition on; None: training clips",
    )
    pause_seconds: float = Field(
        0.35, ge=0, le=3, description="silence between the sentences of a long line"
    )
    loudness_lufs: float = Field(-20.0, ge=-40, le=-10, description="of every file (EBU R 128)")

    def synthesis(self) -> dict[str, Any]:
        return super().synthesis() | {"pause_seconds": self.pause_seconds}

    def sound(self) -> dict[str, Any]:
        """Every setting that the files of a spoken script depend on, but for script and phase."""
        return self.synthesis() | {"reference": self.reference, "loudness_lufs": self.loudness_lufs}
