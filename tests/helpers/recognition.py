"""Stand-ins for recogniser and speaker encoder, so that their answers are known."""

from __future__ import annotations

import numpy as np

from vago.audio import io
from vago.audio.speakers import SpeakerEncoder


class FixedRecogniser:
    """Answers with the given transcripts in turn, and counts the requests."""

    def __init__(self, *transcripts: str, name: str = "stand-in"):
        self.transcripts = transcripts or ("valami",)
        self.name = name
        self.asked = 0

    def transcribe(self, wav: np.ndarray, rate: int) -> str:
        self.asked += 1
        return self.transcripts[(self.asked - 1) % len(self.transcripts)]


class SpectrumEncoder(SpeakerEncoder):
    """The speaker embedding is the shape of the spectrum."""

    def __init__(self):
        super().__init__(None, None, "spectrum")

    def embed(self, wav: np.ndarray, rate: int) -> np.ndarray:
        power = np.abs(np.fft.rfft(io.resample(wav, rate, 16_000), n=1 << 17)) ** 2
        bands = np.sqrt([part.sum() for part in np.array_split(power, 256)])
        return (bands / np.linalg.norm(bands)).astype(np.float32)
