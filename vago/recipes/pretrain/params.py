"""The settings of notebook 90."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from vago.settings import Params


class PretrainParams(Params):
    """90: the bundled base, from espeak-ng's voices."""

    notebook: ClassVar[str] = "90_pretrain_base"
    renamed: ClassVar[dict[str, str]] = {"go_on": "resume"}

    profile: str = Field(
        "pretrain", pattern=r"^[A-Za-z0-9_-]+$", description="names the folder outputs/<profile>/"
    )
    resume: bool = Field(
        False,
        description="start from the bundled weights; give it a profile of its own",
    )
    speakers: int = Field(
        48, ge=2, description="espeak-ng voices for the DVAE, the speaker encoder and the decoder"
    )
    readers: int = Field(
        16,
        ge=1,
        description="number of speakers that read `read_texts` more; only the long course has all",
    )
    short_texts: int = Field(
        900,
        ge=40,
        description="texts of two to five words by each of the first six speakers",
    )
    other_short_texts: int = Field(60, ge=0, description="and by each of the others")
    long_texts: int = Field(110, ge=40, description="sentences by each speaker")
    read_texts: int = Field(
        2500, ge=0, description="additional texts of each reader; only their codes are kept"
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
        40, ge=1, description="clips of each speaker that the decoder is trained on"
    )
    decoder_steps: int = Field(10_000, ge=0)
    decoder_adversarial_steps: int = Field(
        0, ge=0, description="the last so many with discriminators; for a GPU"
    )
    decoder_batch: int = Field(8, ge=1)
    save_every: int = Field(
        250, ge=1, description="steps between checkpoints: at most so many are lost by a stop"
    )
