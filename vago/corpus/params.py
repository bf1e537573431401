"""TODO: what corpus.params is for."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from vago.settings import Params


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
