"""Speaker embeddings and diarization: which segments of a recording the target speaker speaks.

Resemblyzer computes the embeddings where it is installed; its encoder was trained on thousands of
speakers. Otherwise `model.speaker_encoder` uses the base model's own encoder. That of the published
XTTS-v2 is as good, but that of the base bundled with vago was trained on espeak-ng voices only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata

import numpy as np

from vago import VagoError
from vago.audio import io
from vago.audio.asr_model import INSTALL_HINT
from vago.audio.io import ASR_RATE

WINDOW_SECONDS = 1.6  # of speech in one embedding
WINDOWS_PER_SECOND = 2.5

MIN_SURE_SECONDS = 1.0  # shorter segments are judged by their neighbour
MAX_NEIGHBOUR_GAP = 1.0  # seconds
SPEAKER_DISTANCE = 0.3  # mean cosine distance from which two segments are different speakers
SAME_SPEAKER = 0.85  # cosine of two cluster centres from which they are one speaker
MIN_SPEAKER_SEGMENTS = 3
MIN_SPEAKER_SHARE = 0.02  # of the speaking time; less may be a laugh of the target
MAX_CLUSTERED = 1500  # segments, the longest first

# Resemblyzer depends on webrtcvad, which must be compiled, and on a Python 2 backport of `typing`;
# webrtcvad-wheels replaces the first, the second is not needed
SPEAKER_INSTALL_HINT = f"{INSTALL_HINT}, then pip install --no-deps Resemblyzer==0.1.4"

# (samples,) of speech at 16 kHz -> (n, D) unit vectors, one for each window
Embed = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class SpeakerEmbeddings:
    """Unit vectors of the target speaker, (D,), and of the other speakers, (K, D)."""

    target: np.ndarray
    others: np.ndarray

    def similarity(self, windows: np.ndarray) -> float:
        """Cosine of the mean of (n, D) windows and the target; NaN without windows."""
        return float(mean_embedding(windows) @ self.target) if len(windows) else float("nan")

    def foreign_margin(self, windows: np.ndarray) -> np.ndarray:
        """(n,): cosine to the nearest other speaker minus cosine to the target; < 0: the target."""
        nearest = (windows @ self.others.T).max(axis=1, initial=-1.0)
        return nearest - windows @ self.target


def mean_embedding(vectors: np.ndarray) -> np.ndarray:
    """(n, D) -> (D,), the mean scaled to length 1."""
    middle = vectors.mean(axis=0)
    return middle / max(float(np.linalg.norm(middle)), 1e-12)


def cluster_speakers(
    segments: np.ndarray,
    seconds: np.ndarray,
    sample: np.ndarray | None = None,
    min_similarity: float = 0.65,
) -> SpeakerEmbeddings:
    """Cluster segments by speaker and choose the target: nearest to the sample, or speaking most.

    Args:
        segments: (N, D) unit vectors
        seconds: (N,) durations
        sample: (D,) unit vector of the target, or None
        min_similarity: cosine; where no cluster reaches it, all clusters are others
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    # The longest segments; if some reach MIN_SURE_SECONDS, only those
    chosen = np.sort(np.argsort(-seconds, kind="stable")[:MAX_CLUSTERED])
    sure = chosen[seconds[chosen] >= MIN_SURE_SECONDS]
    if len(sure):
        chosen = sure
    vectors, weights = segments[chosen], seconds[chosen]

    labels = np.array([1])
    if len(vectors) > 1:
        labels = fcluster(linkage(vectors, "average", "cosine"), SPEAKER_DISTANCE, "distance")

    # Each cluster's centre, number of segments and speaking time
    members = [labels == label for label in np.unique(labels)]
    spoken = np.array([weights[own].sum() for own in members])
    counts = np.array([own.sum() for own in members])
    centres = np.stack([mean_embedding(vectors[own] * weights[own, None]) for own in members])

    score = spoken if sample is None else centres @ sample
    if sample is not None and score.max() < min_similarity:
        return SpeakerEmbeddings(sample, centres)

    # The target may have several clusters (moods); short-lived clusters are not counted as others
    own = centres @ centres[int(np.argmax(score))] >= SAME_SPEAKER
    target = mean_embedding(centres[own] * spoken[own, None])
    frequent = (counts >= MIN_SPEAKER_SEGMENTS) & (spoken >= MIN_SPEAKER_SHARE * spoken.sum())
    return SpeakerEmbeddings(target, centres[~own & frequent])


def target_segments(
    speakers: SpeakerEmbeddings, segments: np.ndarray, spans: np.ndarray, min_similarity: float
) -> np.ndarray:
    """(N,) bool: whether each segment of speech is the target's.

    A segment too short to be judged alone is treated as the nearest long one within a second.

    Args:
        segments: (N, D) embeddings, zeros where there is none
        spans: (N, 2) seconds
        min_similarity: the least cosine to the target
    """
    similar = segments @ speakers.target >= min_similarity
    own = similar & (speakers.foreign_margin(segments) < 0)

    seconds = spans[:, 1] - spans[:, 0]
    sure = np.flatnonzero(seconds >= MIN_SURE_SECONDS)
    result = own.copy()
    for k in np.flatnonzero(seconds < MIN_SURE_SECONDS):
        gaps = np.maximum(spans[sure, 0] - spans[k, 1], spans[k, 0] - spans[sure, 1])
        if len(sure) and gaps.min() <= MAX_NEIGHBOUR_GAP:
            result[k] = own[sure[int(np.argmin(gaps))]]
    return result


def remove_pauses(wav: np.ndarray, segments: Sequence[Sequence[float]]) -> np.ndarray:
    """(samples,) at 16 kHz -> its parts within the segments of speech (seconds), concatenated."""
    edges = [(max(0, round(a * ASR_RATE)), max(0, round(b * ASR_RATE))) for a, b in segments]
    return np.concatenate([wav[:0], *(wav[a:b] for a, b in edges)])


class SpeakerEncoder:
    """Resemblyzer's speaker encoder (GE2E, Wan et al. 2018): speech -> (256,) unit vectors.

    Their cosine is high for one speaker, low for two. `name` holds its version.
    """

    def __init__(self, encoder, preprocess, name: str):
        self._encoder = encoder
        self._preprocess = preprocess
        self.name = name

    @classmethod
    def open(cls) -> SpeakerEncoder:
        """Open it with the weights in its wheel. Raises VagoError where it is not installed."""
        try:
            from resemblyzer import VoiceEncoder, preprocess_wav
        except ImportError as error:
            raise VagoError(
                f"the speaker encoder needs packages that are not installed ({error}): "
                f"{SPEAKER_INSTALL_HINT}"
            ) from None

        encoder = VoiceEncoder("cpu", verbose=False)
        return cls(encoder, preprocess_wav, f"Resemblyzer {metadata.version('resemblyzer')}")

    def embed_windows(self, speech: np.ndarray, rate: int) -> np.ndarray:
        """(samples,) of speech without pauses -> (n, 256) float32 unit vectors of 1.6 s windows.

        Shorter speech is repeated: zeros would become part of the voice.
        """
        from resemblyzer.audio import normalize_volume

        speech = io.resample(speech, rate, ASR_RATE)
        if not np.abs(speech).max(initial=0):
            return np.zeros((0, 256), np.float32)

        speech = np.resize(speech, max(len(speech), round(WINDOW_SECONDS * ASR_RATE)))
        loud = normalize_volume(speech, -30, increase_only=True).astype(np.float32)
        _, windows, _ = self._encoder.embed_utterance(
            loud, return_partials=True, rate=WINDOWS_PER_SECOND, min_coverage=0.9
        )
        return windows

    def embed(self, wav: np.ndarray, rate: int) -> np.ndarray:
        """(samples,) float32 at `rate` Hz -> (256,) float32 unit vector; zeros for silence.

        Pauses are removed first, unless Resemblyzer's VAD finds no speech at all.
        """
        wav = io.resample(wav, rate, ASR_RATE)
        if not np.abs(wav).max(initial=0):
            return np.zeros(256, np.float32)

        voiced = self._preprocess(wav)
        if not len(voiced):
            voiced = wav
        return self._encoder.embed_utterance(voiced)

    def speaker_embedding(self, recordings: Iterable[tuple[np.ndarray, int]]) -> np.ndarray:
        """(256,) float32 unit vector of one speaker: the mean over recordings (wav, rate)."""
        return mean_embedding(np.stack([self.embed(wav, rate) for wav, rate in recordings]))
