"""TODO: what model.speaker_encoder is for."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from vago.audio.reader import EAR_RATE
from vago.audio.speakers import WINDOW_SECONDS, Embed, SpeakerEar
from vago.model import xtts


def open_encoder(base_folder: Path) -> tuple[Embed, str]:
    """The speaker encoder and its name."""
    if importlib.util.find_spec("resemblyzer"):
        ear = SpeakerEar.open()
        return lambda speech: ear.windows(speech, EAR_RATE), ear.name
    return _base_encoder(base_folder), "the base's own speaker encoder"


def _base_encoder(folder: Path) -> Embed:
    import torch

    encoder = xtts.open_base(folder).hifigan_decoder.speaker_encoder.eval()

    def embed(speech: np.ndarray) -> np.ndarray:
        width = round(WINDOW_SECONDS * EAR_RATE)
        speech = (
            np.resize(speech, max(len(speech), width))
            if len(speech)
            else np.zeros(width, np.float32)
        )
        starts = range(0, len(speech) - width + 1, width // 4)
        batch = torch.from_numpy(
            np.stack([speech[start : start + width] for start in starts]).astype(np.float32)
        )
        with torch.inference_mode():
            return encoder(batch, l2_norm=True).reshape(len(starts), -1).numpy()

    return embed
