"""TODO: what evaluation.metrics is for."""

from __future__ import annotations

import math

import librosa
import numpy as np

from vago.audio import io

CEPSTRA = 24


def mel_cepstral_distortion(reference: np.ndarray, other: np.ndarray) -> float:
    """Mel-cepstral distortion in dB along the best alignment (Kubichek 1993; dynamic time warping as in Kominek et al. 2008).

    (10 / ln 10) sqrt(2 sum_{m=1..24} (c_m - c'_m)^2), averaged over the warping path, on cepstra of an 80-band log-mel
    spectrogram at 22,050 Hz. Absolute values depend on the analysis: compare them only with each other. The 0th cepstrum,
    loudness, is left out.
    """
    a, b = _cepstra(reference), _cepstra(other)
    _, path = librosa.sequence.dtw(a, b, metric="euclidean")
    steps = np.linalg.norm(a[:, path[:, 0]] - b[:, path[:, 1]], axis=0)
    return float(10 / math.log(10) * math.sqrt(2) * steps.mean())


def _cepstra(wav: np.ndarray, bands: int = 80) -> np.ndarray:
    """(24, frames) cepstra c_m = 1/N sum log S cos(...): an orthonormal DCT-II divided by sqrt(2 N)."""
    mel = librosa.feature.melspectrogram(
        y=wav, sr=io.SAMPLE_RATE, n_fft=1024, hop_length=256, n_mels=bands, fmax=8000
    )
    return librosa.feature.mfcc(S=np.log(np.maximum(mel, 1e-8)), n_mfcc=CEPSTRA + 1)[
        1:
    ] / math.sqrt(2 * bands)
