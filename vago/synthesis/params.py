"""TODO: what synthesis.params is for."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from vago import VagoError
from vago.settings import Params, read_yaml
from vago.text import normalize


class SpeechParams(Params):
    """How speech is drawn from the model, for 05 and 06 alike; the defaults are XTTS-v2's published ones."""

    renamed: ClassVar[dict[str, str]] = {"retakes": "max_resamples"}

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
    max_resamples: int = Field(
        2, ge=0, le=20, description="so often at most is a sentence of odd length drawn again"
    )


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
