"""Who speaks: the voices in recordings without a transcript, and which of them is the one to be learnt.

The judge is Resemblyzer where it is installed: its encoder has heard thousands of people. Without it the base's own speaker
encoder judges, which is as good in the published XTTS-v2, but in the base that comes with vago knows only espeak-ng's voices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata

import numpy as np

from vago import VagoError
from vago.audio import io
from vago.audio.asr import INSTALL
from vago.audio.reader import EAR_RATE

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


# Resemblyzer asks for webrtcvad, which must be compiled, and a `typing` of Python 2; webrtcvad-wheels serves it as well
INSTALL_SPEAKER = f"{INSTALL}, then pip install --no-deps Resemblyzer==0.1.4"


class SpeakerEar:
    """Resemblyzer's voice encoder (GE2E, Wan et al. 2018): speech -> a unit vector that is near for one voice, far for two."""

    def __init__(self, encoder, preprocess, name: str):
        self._encoder, self._preprocess, self.name = encoder, preprocess, name

    @classmethod
    def open(cls) -> SpeakerEar:
        """Open the encoder with the weights of its wheel. Raises VagoError where the package is missing."""
        try:
            from resemblyzer import VoiceEncoder, preprocess_wav
        except ImportError as error:
            raise VagoError(
                f"the speaker encoder needs packages that are not installed ({error}): {INSTALL_SPEAKER}"
            ) from None
        return cls(
            VoiceEncoder("cpu", verbose=False),
            preprocess_wav,
            f"Resemblyzer {metadata.version('resemblyzer')}",
        )

    def windows(self, speech: np.ndarray, rate: int, a_second: float = 2.5) -> np.ndarray:
        """(samples,) of speech without pauses -> (n, 256) float32 of length 1: windows of 1.6 s, `a_second` of them.

        Speech that is shorter is repeated, for silence would be heard as part of the voice.
        """
        from resemblyzer.audio import normalize_volume

        speech = io.resample(speech, rate, EAR_RATE)
        if not np.abs(speech).max(initial=0):
            return np.zeros((0, 256), np.float32)
        speech = np.resize(speech, max(len(speech), round(1.6 * EAR_RATE)))
        loud = normalize_volume(speech, -30, increase_only=True)
        return self._encoder.embed_utterance(
            loud.astype(np.float32), return_partials=True, rate=a_second, min_coverage=0.9
        )[1]

    def embed(self, wav: np.ndarray, rate: int) -> np.ndarray:
        """(samples,) float32 at `rate` Hz -> (256,) float32 of length 1; all zeros where there is no sound.

        Pauses are taken out first, but for speech in which the voice detector finds none at all.
        """
        wav = io.resample(wav, rate, EAR_RATE)
        if not np.abs(wav).max(initial=0):
            return np.zeros(256, np.float32)
        voiced = self._preprocess(wav)
        return self._encoder.embed_utterance(voiced if len(voiced) else wav)

    def voice(self, recordings: Iterable[tuple[np.ndarray, int]]) -> np.ndarray:
        """One (256,) float32 of length 1 for a voice: the mean over its recordings (wav, rate)."""
        mean = np.mean([self.embed(wav, rate) for wav, rate in recordings], axis=0)
        return mean / max(np.linalg.norm(mean), 1e-12)
