"""Objective measures: MCD, character error rate, speaker similarity, duration outliers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import librosa
import numpy as np

from vago.audio import io
from vago.audio.asr import SpeechRecogniser
from vago.audio.speakers import SpeakerEncoder
from vago.synthesis import durations
from vago.text import normalize
from vago.text.error_rate import character_error_rate
from vago.training.validation import bootstrap_interval

CEPSTRA = 24
MEL_BANDS = 80


@dataclass(frozen=True)
class LineRecording:
    """A line and its speech, synthesized or recorded.

    Attributes:
        wav: (samples,) float32 at `rate` Hz.
        took_seconds: time of its synthesis, 0 where it was recorded.
        ended: False where it was cut at the limit of its duration.
    """

    name: str
    text: str
    wav: np.ndarray
    rate: int
    took_seconds: float = 0.0
    ended: bool = True

    @property
    def seconds(self) -> float:
        return len(self.wav) / self.rate


@dataclass(frozen=True)
class Reference:
    """What speech is compared with.

    Attributes:
        target: (256,) unit vector, speaker embedding of the voice to be learned.
        others: the same of other voices, by name.
        bounds: lowest and highest usual seconds per character.
    """

    target: np.ndarray
    others: dict[str, np.ndarray]
    bounds: tuple[float, float]


def mel_cepstral_distortion(reference: np.ndarray, other: np.ndarray) -> float:
    """Mel-cepstral distortion (MCD) in dB along the best alignment, of two wavs at 22,050 Hz.

    (10 / ln 10) sqrt(2 sum_{m=1..24} (c_m - c'_m)^2), averaged over the path of dynamic time
    warping (Kubichek 1993; Kominek et al. 2008), on cepstra of an 80-band log-mel spectrogram. The
    0th cepstrum, loudness, is left out. Values depend on the analysis: compare them only with each
    other.
    """
    a, b = _cepstra(reference), _cepstra(other)

    _, path = librosa.sequence.dtw(a, b, metric="euclidean")
    steps = np.linalg.norm(a[:, path[:, 0]] - b[:, path[:, 1]], axis=0)
    return float(10 / math.log(10) * math.sqrt(2) * steps.mean())


def _cepstra(wav: np.ndarray) -> np.ndarray:
    """(24, frames) cepstra c_m = 1/N sum log S cos(...): an orthonormal DCT-II over sqrt(2 N)."""
    mel = librosa.feature.melspectrogram(
        y=wav, sr=io.SAMPLE_RATE, n_fft=1024, hop_length=256, n_mels=MEL_BANDS, fmax=8000
    )
    cepstra = librosa.feature.mfcc(S=np.log(np.maximum(mel, 1e-8)), n_mfcc=CEPSTRA + 1)
    return cepstra[1:] / math.sqrt(2 * MEL_BANDS)


def duration_outlier(line: LineRecording, bounds: tuple[float, float]) -> str:
    """How the line is a duration outlier, see `durations.judged`; "" where it is none.

    Args:
        bounds: lowest and highest usual seconds per character of the normalized text.
    """
    text = normalize.normalize_text(line.text)
    found = durations.judged(line.seconds, text, line.ended, bounds)
    return "" if found == durations.OK else found


def measure_line(
    line: LineRecording,
    wav: np.ndarray,
    reference: Reference,
    recogniser: SpeechRecogniser,
    speaker_encoder: SpeakerEncoder,
) -> tuple[dict[str, Any], np.ndarray]:
    """Measure one line.

    Args:
        wav: the line's speech as it is written to disk, at the line's rate.

    Returns:
        ({"line", "text", "heard", "cer", "similarity", "seconds", "took_seconds", "outlier",
        "ended"},
        (256,) speaker embedding); "heard" is the transcript by ASR.
    """
    transcript = recogniser.transcribe(wav, line.rate)
    embedding = speaker_encoder.embed(wav, line.rate)

    measured = {
        "line": line.name,
        "text": line.text,
        "heard": transcript,
        "cer": character_error_rate(line.text, transcript),
        "similarity": float(embedding @ reference.target),
        "seconds": line.seconds,
        "took_seconds": line.took_seconds,
        "outlier": duration_outlier(line, reference.bounds),
        "ended": line.ended,
    }
    return measured, embedding


def over_lines(
    lines: Sequence[dict[str, Any]], embeddings: Sequence[np.ndarray], reference: Reference
) -> dict[str, Any]:
    """One voice's means over its lines, as `measure_line` gives them, with 95 % intervals.

    Returns:
        {"cer", "similarity": {"value", "low", "high"}, "nearest_other": {"voice", "similarity"},
        "duration_outliers", "seconds", "real_time_factor", "lines"}; the real-time factor is None
        where nothing was synthesized.
    """
    similarity = {
        name: float(np.mean(np.stack(embeddings) @ voice))
        for name, voice in reference.others.items()
    }
    nearest = max(similarity, key=similarity.__getitem__)
    seconds = float(sum(line["seconds"] for line in lines))
    took = float(sum(line["took_seconds"] for line in lines))

    return {
        "cer": bootstrap_interval([line["cer"] for line in lines]),
        "similarity": bootstrap_interval([line["similarity"] for line in lines]),
        "nearest_other": {"voice": nearest, "similarity": similarity[nearest]},
        "duration_outliers": sum(bool(line["outlier"]) for line in lines),
        "seconds": seconds,
        "real_time_factor": took / seconds if took and seconds else None,
        "lines": list(lines),
    }
