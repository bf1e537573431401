"""Where a recording without a transcript speaks: voice activity by Silero VAD, whose weights are in its wheel."""

from __future__ import annotations

from functools import cache

import numpy as np

from vago import VagoError
from vago.audio.reader import EAR_RATE

THRESHOLD = 0.5  # Silero's own
SHORTEST_SECONDS = 0.1  # shorter is a click or a breath
PAUSE_SECONDS = 0.1  # a shorter hole is a plosive's closure
_FRAME = 512  # samples at 16 kHz that one probability stands for


def find(wav: np.ndarray) -> np.ndarray:
    """Stretches of speech, (N, 2) seconds in order and apart by pauses.

    Args:
        wav: (samples,) float32 at 16 kHz, or `tracks.Samples`: it is read 16 s at a time
    """
    if not len(wav):
        return np.zeros((0, 2))
    probabilities = _model().audio_forward(wav)
    from silero_vad import (
        get_speech_timestamps_from_probs,  # after `_model`, which minds the threads
    )

    found = get_speech_timestamps_from_probs(
        probabilities.tolist(), EAR_RATE, THRESHOLD, min_speech_duration_ms=round(1000 * SHORTEST_SECONDS),
        min_silence_duration_ms=round(1000 * PAUSE_SECONDS), speech_pad_ms=0, audio_length_samples=len(wav),
    )  # fmt: skip
    edges = [(stretch["start"] / EAR_RATE, stretch["end"] / EAR_RATE) for stretch in found]
    return np.array(edges, dtype=float).reshape(-1, 2)


@cache
def _model():
    """The network that takes a block of frames at a time: bit for bit the streaming one, 25 times as fast."""
    import torch

    threads = torch.get_num_threads()
    try:
        from silero_vad import load_silero_vad

        return load_silero_vad(sequence=True)
    except ImportError as error:
        missing = f"voice activity needs packages that are not installed ({error})"
        raise VagoError(f"{missing}: pip install silero-vad onnxruntime") from None
    finally:
        torch.set_num_threads(threads)  # importing it sets one thread for the whole process
