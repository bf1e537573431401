"""Who speaks: the voices in recordings without a transcript, and which of them is the one to be learnt.

The judge is Resemblyzer where it is installed: its encoder has heard thousands of people. Without it the base's own speaker
encoder judges, which is as good in the published XTTS-v2, but in the base that comes with vago knows only espeak-ng's voices.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vago.audio.asr import SpeakerEar
from vago.audio.reader import EAR_RATE
from vago.model import xtts

WINDOW_SECONDS = 1.6
_SURE_SECONDS = 1.0  # a stretch from here on says by itself whose it is; a shorter one is asked together with its neighbours
_APART = 0.3  # cosine distance, on average, from which two stretches are two voices
_SAME = 0.85  # cosine of two clusters' middles from which they are one voice in two moods
_FEWEST = 3  # stretches that make a voice
_MOST = 1500  # stretches that are clustered, the longest first

Embed = Callable[
    [np.ndarray], np.ndarray
]  # (samples,) of speech at 16 kHz -> (n, D) of length 1, one for each window


@dataclass(frozen=True)
class Voices:
    """The target's voice, (D,), and those of the others, (K, D), all of length 1."""

    target: np.ndarray
    others: np.ndarray

    def similarity(self, windows: np.ndarray) -> float:
        """Cosine of the mean over (n, D) windows and the target's voice; NaN without windows."""
        return float(mean(windows) @ self.target) if len(windows) else float("nan")

    def foreign(self, windows: np.ndarray) -> np.ndarray:
        """(n,): how much nearer each window is to the nearest other voice than to the target's; below 0: the target's."""
        nearest = (windows @ self.others.T).max(axis=1, initial=-1.0)
        return nearest - windows @ self.target


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


def mean(vectors: np.ndarray) -> np.ndarray:
    """(n, D) -> (D,) of length 1."""
    middle = vectors.mean(axis=0)
    return middle / max(float(np.linalg.norm(middle)), 1e-12)


def tell_apart(
    stretches: np.ndarray,
    seconds: np.ndarray,
    sample: np.ndarray | None = None,
    least: float = 0.65,
) -> Voices:
    """The voices in many stretches of speech: the target's is the one most like the sample, or the one that speaks most.

    Args:
        stretches: (N, D) of length 1
        seconds: (N,)
        sample: (D,) of length 1
        least: the similarity to the sample under which no voice is the target's: then all that speak are others
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    chosen = np.sort(np.argsort(-seconds, kind="stable")[:_MOST])
    sure = chosen[seconds[chosen] >= _SURE_SECONDS]
    chosen = sure if len(sure) else chosen
    vectors, weights = stretches[chosen], seconds[chosen]
    if len(vectors) == 1:
        labels = np.array([1])
    else:
        labels = fcluster(linkage(vectors, "average", "cosine"), _APART, "distance")
    names = np.unique(labels)
    spoken = np.array([weights[labels == name].sum() for name in names])
    middles = np.stack(
        [mean(vectors[labels == name] * weights[labels == name, None]) for name in names]
    )
    if sample is not None and (middles @ sample).max() < least:
        return Voices(sample, middles)
    first = int(np.argmax(spoken if sample is None else middles @ sample))
    own = middles @ middles[first] >= _SAME
    target = mean(middles[own] * spoken[own, None])
    # a stretch or two, or two per cent of the time, may be a laugh or the target out of breath: no reason to doubt it
    often = np.array([(labels == name).sum() >= _FEWEST for name in names]) & (
        spoken >= 0.02 * spoken.sum()
    )
    others = middles[~own & often]
    return Voices(target, others)


def whose(voices: Voices, stretches: np.ndarray, spans: np.ndarray, least: float) -> np.ndarray:
    """(N,) bool: whether each stretch of speech is the target's.

    Args:
        stretches: (N, D), zeros where there is no embedding
        spans: (N, 2) seconds; a stretch too short to tell goes with its nearer neighbour that is long enough, within a second
        least: the similarity under which nobody is the target
    """
    own = (stretches @ voices.target >= least) & (voices.foreign(stretches) < 0)
    seconds = spans[:, 1] - spans[:, 0]
    sure = np.flatnonzero(seconds >= _SURE_SECONDS)
    result = own.copy()
    for k in np.flatnonzero(seconds < _SURE_SECONDS):
        gaps = np.maximum(spans[sure, 0] - spans[k, 1], spans[k, 0] - spans[sure, 1])
        if len(sure) and gaps.min() <= 1.0:
            result[k] = own[sure[int(np.argmin(gaps))]]
    return result


def without_pauses(
    wav: np.ndarray, start: float, stretches: Sequence[Sequence[float]]
) -> np.ndarray:
    """(samples,) at 16 kHz that begin at `start` seconds -> what of them lies in the stretches of speech."""
    edges = [
        (max(0, round((a - start) * EAR_RATE)), max(0, round((b - start) * EAR_RATE)))
        for a, b in stretches
    ]
    return np.concatenate([wav[:0], *(wav[a:b] for a, b in edges)])
