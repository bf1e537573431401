"""Voice activity detection: where a recording has speech, by energy and by Silero VAD."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import librosa
import numpy as np

from vago import VagoError
from vago.audio.io import ASR_RATE

# By energy
HOP_SECONDS = 0.005
MIN_PAUSE_SECONDS = 0.08  # a shorter gap is the closure of a plosive, not a pause
FRAMES_PER_BLOCK = 12_000  # one minute: framing a whole recording would take a gigabyte

# By Silero
THRESHOLD = 0.5  # Silero's default
SHORTEST_SECONDS = 0.1  # shorter is a click or a breath
PAUSE_SECONDS = 0.1  # a shorter gap is the closure of a plosive


@dataclass(frozen=True)
class SpeechSegments:
    """Segments of speech, and the levels they were found by.

    segments: (N, 2) seconds, in order, separated by pauses
    levels: (T,) dBFS every `hop` seconds
    """

    segments: np.ndarray
    levels: np.ndarray
    hop: float

    def quietest(self, low: float, high: float) -> float:
        """The quietest moment between two times, in seconds."""
        first = int(np.clip(np.ceil(low / self.hop), 0, len(self.levels) - 1))
        last = int(np.clip(np.floor(high / self.hop), first, len(self.levels) - 1))

        at = (first + int(np.argmin(self.levels[first : last + 1]))) * self.hop
        return float(np.clip(at, low, max(low, high)))


def energy_segments(wav: np.ndarray, rate: int) -> SpeechSegments:
    """Split (samples,) into speech and pauses by short-time energy.

    `wav` may also be `reader.Samples`: it is read one minute at a time.

    The threshold is 12 dB above the recording's noise floor, limited to 12 to 46 dB below its
    loudest speech, so that neither a noisy room nor digital silence (-inf) misleads it.
    """
    hop = max(1, round(rate * HOP_SECONDS))
    levels = _levels(wav, hop)

    top = np.percentile(levels, 99.9)
    if top < -80:
        return SpeechSegments(np.zeros((0, 2)), levels, hop / rate)

    threshold = np.clip(np.percentile(levels, 2) + 12, top - 46, top - 12)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], levels > threshold, [0]]).astype(np.int8)))

    # A frame covers one hop on both sides of its centre, and so does the speech found in it
    starts, ends = (edges[::2] - 1) * hop / rate, edges[1::2] * hop / rate
    apart = starts[1:] - ends[:-1] >= MIN_PAUSE_SECONDS
    segments = np.stack([starts[np.append(True, apart)], ends[np.append(apart, True)]], axis=1)
    return SpeechSegments(np.clip(segments, 0, len(wav) / rate), levels, hop / rate)


def _levels(wav: np.ndarray, hop: int) -> np.ndarray:
    """(T,) float32 dBFS of frames of two hops, centred every `hop` samples; -90 at least."""
    count = len(wav) // hop + 1
    rms = np.empty(count, dtype=np.float32)

    for first in range(0, count, FRAMES_PER_BLOCK):
        last = min(count, first + FRAMES_PER_BLOCK)
        block = np.asarray(wav[max(0, (first - 1) * hop) : last * hop])

        before = hop if first == 0 else 0
        after = max(0, (last - first + 1) * hop - before - len(block))
        block = np.pad(block, (before, after))
        framed = librosa.feature.rms(y=block, frame_length=2 * hop, hop_length=hop, center=False)
        rms[first:last] = framed[0]

    return 20 * np.log10(np.maximum(rms, 10 ** (-90 / 20)))


def silero_segments(wav: np.ndarray) -> np.ndarray:
    """Segments of speech by Silero VAD: (N, 2) seconds in order, separated by pauses.

    Args:
        wav: (samples,) float32 at 16 kHz, or `reader.Samples`: it is read 16 s at a time

    Raises:
        VagoError: silero-vad or onnxruntime is not installed
    """
    if not len(wav):
        return np.zeros((0, 2))

    probabilities = _silero().audio_forward(wav)
    from silero_vad import get_speech_timestamps_from_probs  # imported first by `_silero`

    found = get_speech_timestamps_from_probs(
        probabilities.tolist(),
        ASR_RATE,
        THRESHOLD,
        min_speech_duration_ms=round(1000 * SHORTEST_SECONDS),
        min_silence_duration_ms=round(1000 * PAUSE_SECONDS),
        speech_pad_ms=0,
        audio_length_samples=len(wav),
    )
    edges = [(segment["start"] / ASR_RATE, segment["end"] / ASR_RATE) for segment in found]
    return np.array(edges, dtype=float).reshape(-1, 2)


@cache
def _silero():
    """The network for many frames at a time: the same bits as the streaming one, 25 times faster.

    Its weights are in the wheel. Importing silero_vad sets torch to one thread: that is undone.
    """
    import torch

    threads = torch.get_num_threads()
    try:
        from silero_vad import load_silero_vad

        return load_silero_vad(sequence=True)
    except ImportError as error:
        raise VagoError(
            f"voice activity detection needs packages that are not installed ({error}): "
            "pip install silero-vad onnxruntime"
        ) from None
    finally:
        torch.set_num_threads(threads)
