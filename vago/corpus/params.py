"""Settings of notebook 01: from recordings to clips."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from vago.settings import Params


class CorpusParams(Params):
    """01: recordings -> clips."""

    notebook: ClassVar[str] = "01_prepare_dataset"

    # recordings
    recordings_dir: str = Field(
        "", description="holds one folder per source; empty: outputs/<profile>/recordings"
    )
    sources: list[str] = Field(
        ["quiz", "interview"], min_length=1, description="names of these folders, in this order"
    )
    demo_voice: bool = Field(
        False, description="synthesize the recordings and use the base that comes with vago"
    )
    bundled_base: bool = Field(
        False, description="use the base that comes with vago, for recordings of one's own too"
    )
    speaker: str = Field("speaker", description="name of the voice, unless metadata.csv has one")
    language: Literal["hu"] = Field("hu", description="of the texts")

    # segmentation
    min_seconds: float = Field(0.5, ge=0.5, description="of a clip; XTTS ignores shorter ones")
    max_seconds: float = Field(
        11.6, gt=1, le=11.6, description="of a clip; XTTS takes 255,995 samples at 22,050 Hz"
    )
    max_tokens: int = Field(200, ge=10, le=400, description="of a clip's text")
    search_seconds: float = Field(
        0.4, ge=0, le=2, description="silence is searched for up to so far from a cue's edge"
    )
    padding_seconds: float = Field(
        0.1, ge=0, le=0.5, description="silence kept before and after the speech"
    )

    # loudness and quality
    loudness_lufs: float = Field(-23.0, ge=-40, le=-10, description="of all clips (EBU R 128)")
    silent_dbfs: float = Field(
        -50.0, description="least level of the loudest 50 ms; below, the clip is silent"
    )
    clipped_fraction: float = Field(
        0.001,
        ge=0,
        le=1,
        description="largest share of samples at full scale; above, it is clipped",
    )
    min_snr_db: float = Field(10.0, description="signal-to-noise ratio; below, the clip is noisy")
    max_background_db: float = Field(
        -18.0, le=0, description="level of music or applause, relative to the speech"
    )
    min_bandwidth_hz: float = Field(
        3000.0, ge=0, description="below, the clip is narrow-band; a telephone has 3400 Hz"
    )
    rate_deviations: float = Field(
        6.0, gt=0, description="robust standard deviations of log speaking rate; beyond, it is odd"
    )
    denoise: bool = Field(
        False, description="remove noise with DeepFilterNet 3, which needs the extra `denoise`"
    )

    # recordings with a transcript
    verify_transcripts: Literal["off", "sample", "all"] = Field(
        "sample",
        description="compare given texts with what ASR hears: ten clips of each source, where ASR "
        "is installed, or all, of which those that differ are rejected",
    )

    # recordings without a transcript: ASR and speakers
    recogniser: str = Field(
        "base",
        description="Whisper model: base (from wheels), the name of one to download, or a folder",
    )
    recogniser_device: Literal["cpu", "cuda"] = Field("cpu", description="where ASR runs")
    cut_min_seconds: float = Field(2.0, ge=0.5, description="min_seconds of these recordings")
    cut_padding_seconds: float = Field(
        0.15, ge=0, le=0.5, description="padding_seconds of these recordings"
    )
    max_heard_cer: float = Field(
        0.3, ge=0, description="CER between the text and the ASR's output for the clip alone"
    )
    min_confidence: float = Field(
        0.4, ge=0, le=1, description="mean probability of the ASR's words"
    )
    check_speaker: bool = Field(True, description="reject speakers other than the target")
    speaker_sample: str | None = Field(
        None, description="file with a few seconds of the target speaker; None: who speaks most"
    )
    min_similarity: float = Field(
        0.65, ge=-1, le=1, description="cosine between the embeddings of clip and target speaker"
    )

    # categories by duration, for clips without one of their own
    long_seconds: float = Field(7.0, description="shortest clip of the category long")
    medium_seconds: float = Field(4.0, description="shortest clip of the category medium")

    # validation and test set
    held_out_fraction: float = Field(
        0.05, gt=0, lt=0.5, description="share of all clips in each of validation and test set"
    )
    held_out_min_clips: int = Field(
        12, ge=2, description="least number of clips in each of the two, whatever the share"
    )
    stretch_seconds: float = Field(
        30.0, gt=0, description="most speech in one of the stretches that the two are made of"
    )

    @property
    def uses_bundled_base(self) -> bool:
        """Whether vago opens the base that comes with it; a base_dir is the user's own."""
        return (self.demo_voice or self.bundled_base) and not self.base_dir

    @model_validator(mode="after")
    def _one_base(self):
        if self.bundled_base and self.base_dir:
            raise ValueError(
                f"bundled_base asks for the base that comes with vago, and base_dir names "
                f"{self.base_dir}: take one of the two out"
            )
        return self

    @field_validator("verify_transcripts", mode="before")
    @classmethod
    def _off_is_a_word(cls, value):
        """YAML reads a plain `off` as False."""
        return "off" if value is False else value

    @field_validator("recogniser")
    @classmethod
    def _one_default(cls, name: str) -> str:
        """Empty, which earlier parameter files have, means the default."""
        return name or cls.model_fields["recogniser"].default
