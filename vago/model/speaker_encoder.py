"""The speaker encoder for diarization: Resemblyzer where it is installed, else the base's own."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from vago.audio.io import ASR_RATE
from vago.audio.speakers import WINDOW_SECONDS, Embed, SpeakerEncoder
from vago.model import xtts


def open_speaker_encoder(base_folder: Path) -> tuple[Embed, str]:
    """(the speaker encoder, its name). The base is opened only where Resemblyzer is missing."""
    if importlib.util.find_spec("resemblyzer"):
        encoder = SpeakerEncoder.open()
        return lambda speech: encoder.embed_windows(speech, ASR_RATE), encoder.name
    return _base_encoder(base_folder), "the base's own speaker encoder"


def _base_encoder(folder: Path) -> Embed:
    """XTTS's speaker encoder over windows of `WINDOW_SECONDS`, four of them per window length."""
    import torch

    encoder = xtts.open_base(folder).hifigan_decoder.speaker_encoder.eval()
    width = round(WINDOW_SECONDS * ASR_RATE)

    def embed(speech: np.ndarray) -> np.ndarray:
        if not len(speech):
            speech = np.zeros(width, np.float32)
        speech = np.resize(speech, max(len(speech), width))  # shorter speech is repeated

        starts = range(0, len(speech) - width + 1, width // 4)
        windows = np.stack([speech[start : start + width] for start in starts])
        batch = torch.from_numpy(windows.astype(np.float32))
        with torch.inference_mode():
            return encoder(batch, l2_norm=True).reshape(len(starts), -1).numpy()

    return embed
