"""How good a clip's sound is: noise, clipping, bandwidth, and what sounds under the speech."""

from __future__ import annotations

from typing import Any

import librosa
import numpy as np

from vago.audio import io

KINDS = ("quiet", "noise", "music", "applause")
_FRAME, _HOP = 1024, 512  # 46 and 23 ms at 22,050 Hz
_MARGIN = (
    0.04  # seconds beside speech that belong to it: its echo, and what voice activity missed of it
)
_FEWEST = 4  # frames of pause from which what sounds there can be told
_QUIET_DB = -40.0  # a background so far under the speech is a quiet room
_TONAL_DB = 9.0  # how far a tone stands out of the noise around it
_APPLAUSE_DB = 10.0  # how far a background is over the recording's quietest moments where it is not just its noise


def measure(
    wav: np.ndarray,
    start: float,
    context: np.ndarray,
    context_start: float,
    speech: np.ndarray,
    floor_dbfs: float,
    text: str,
) -> dict[str, Any]:
    """What the corpus's columns say of a clip (see `corpus.Corpus`).

    Args:
        wav: (samples,) at 22,050 Hz, as recorded, beginning at `start` seconds of its recording
        context: the same with a second or two around it, beginning at `context_start`: its pauses tell the background
        speech: (N, 2) seconds of the recording in which somebody speaks
        floor_dbfs: level of the recording's quietest moments
    """
    found: dict[str, Any] = {"loudness_lufs": io.loudness(wav, io.SAMPLE_RATE), "background": ""}
    around = _spectra(context)
    at = context_start + np.arange(around.shape[1]) * _HOP / io.SAMPLE_RATE  # the frames' middles
    end = start + len(wav) / io.SAMPLE_RATE
    inside, voiced = (at >= start) & (at <= end), _near(at, speech, 0.0)
    spoken = around[:, inside & voiced] if (inside & voiced).any() else around[:, inside]
    pauses = ~_near(at, speech, _MARGIN + _FRAME / 2 / io.SAMPLE_RATE)
    power = float(spoken.sum(axis=0).mean()) if spoken.size else 0.0
    if power > 0:
        found["snr_db"] = _snr(around[:, inside], power)
        found["bandwidth_hz"] = _bandwidth(spoken)
        if pauses.sum() >= _FEWEST:
            found |= _background(around[:, pauses], power, floor_dbfs)
    said = float(
        np.clip(np.minimum(speech[:, 1], end) - np.maximum(speech[:, 0], start), 0, None).sum()
    )
    if said > 0.2 and text:
        found["rate"] = len(text) / said
    return found


def _spectra(wav: np.ndarray) -> np.ndarray:
    """(513, T) power; frame t is centred at t * _HOP samples."""
    if not len(wav):
        return np.zeros((_FRAME // 2 + 1, 0))
    return (
        np.square(np.abs(librosa.stft(wav, n_fft=_FRAME, hop_length=_HOP, pad_mode="constant")))
        / _FRAME
    )


def _near(at: np.ndarray, speech: np.ndarray, reach: float) -> np.ndarray:
    """(T,) bool: which moments lie in speech, or within `reach` seconds of it."""
    near = np.zeros(len(at), bool)
    for a, b in speech[(speech[:, 1] > at[:1].sum() - 1) & (speech[:, 0] < at[-1:].sum() + 1)]:
        near |= (at > a - reach) & (at < b + reach)
    return near


def _snr(inside: np.ndarray, power: float) -> float:
    """Speech over the noise in the clip's quietest tenth, in dB; at most 90, which is 16 bits' worth."""
    levels = np.sort(inside.sum(axis=0))
    noise = float(levels[: max(2, len(levels) // 10)].mean())
    return float(
        np.clip(10 * np.log10(max(power - noise, power * 1e-3) / max(noise, power * 1e-9)), -30, 90)
    )


def _bandwidth(spoken: np.ndarray) -> float:
    """Up to where the speech's mean spectrum is within 60 dB of its peak, in Hz."""
    spectrum = spoken.mean(axis=1)
    last = int(np.flatnonzero(spectrum >= spectrum.max() * 1e-6)[-1])
    return last * io.SAMPLE_RATE / _FRAME


def _background(pauses: np.ndarray, power: float, floor_dbfs: float) -> dict[str, Any]:
    """What sounds in the pauses, (513, T) power. The louder half of them is left out: breath, echo, a syllable missed."""
    levels = pauses.sum(axis=0)
    calm = pauses[:, np.argsort(levels, kind="stable")[: max(_FEWEST, (len(levels) + 1) // 2)]]
    level = float(calm.sum(axis=0).mean())
    under = float(np.clip(10 * np.log10(max(level, 1e-20) / power), -90, 30))
    if under < _QUIET_DB:
        return {"background_db": under, "background": "quiet"}
    # a spectrum's sum over positive frequencies, with a Hann window's mean square of 3/8, is 3/16 of the signal's mean square
    dbfs = 10 * np.log10(max(level * 16 / 3 / _FRAME, 1e-20))
    kind = "music" if _tonal(calm) else "applause" if dbfs > floor_dbfs + _APPLAUSE_DB else "noise"
    return {"background_db": under, "background": kind}


def _tonal(calm: np.ndarray) -> bool:
    """Whether tones stand out of a background between 150 and 4000 Hz: several narrow peaks over their neighbourhood."""
    from scipy.ndimage import median_filter

    low, high = (round(hertz * _FRAME / io.SAMPLE_RATE) for hertz in (150, 4000))
    spectrum = 10 * np.log10(np.maximum(calm.mean(axis=1)[low:high], 1e-20))
    over = spectrum - median_filter(spectrum, 15)
    # the mean of few frames of noise varies by itself: 5.6 dB / sqrt(frames), and the highest of 180 is three times that
    return int((over > max(_TONAL_DB, 17.0 / np.sqrt(calm.shape[1] / 2))).sum()) >= 3
