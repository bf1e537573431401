"""Quality measures of a clip: signal-to-noise ratio, bandwidth, and the sound under the speech."""

from __future__ import annotations

from dataclasses import dataclass

import librosa
import numpy as np

from vago.audio import io

KINDS = ("quiet", "noise", "music", "applause")

_FRAME, _HOP = 1024, 512  # samples: 46 and 23 ms at 22,050 Hz
_MARGIN_SECONDS = 0.04  # beside speech, still part of it: echo, and what the VAD missed
_MIN_PAUSE_FRAMES = 4  # needed to classify the background
_QUIET_DB = -40.0  # a background this far under the speech is a quiet room
_TONAL_DB = 9.0  # how far a tone exceeds the noise around it
_APPLAUSE_DB = 10.0  # over the noise floor; a louder background without tones is applause

NAN = float("nan")


@dataclass(frozen=True)
class AudioMeasures:
    """What was measured of a clip's audio, NaN where it could not be.

    `corpus.measures.Measures` has the same names and explains them.
    """

    loudness_lufs: float
    snr_db: float = NAN
    bandwidth_hz: float = NAN
    background: str = ""
    background_db: float = NAN
    rate: float = NAN


def measure(
    wav: np.ndarray,
    start: float,
    context: np.ndarray,
    context_start: float,
    speech: np.ndarray,
    floor_dbfs: float,
    text: str,
) -> AudioMeasures:
    """Measure the quality of a clip.

    Args:
        wav: (samples,) at 22,050 Hz as recorded, from `start` seconds of the recording
        context: the same with a second or two around it, from `context_start` seconds; its pauses
            show the background
        speech: (N, 2) seconds of the recording with speech
        floor_dbfs: noise floor of the recording
        text: of the clip; its length gives the speaking rate
    """
    # Frames of the context, by their centres: inside the clip, in speech, in pauses
    spectra = _spectra(context)
    at = context_start + np.arange(spectra.shape[1]) * _HOP / io.SAMPLE_RATE
    end = start + len(wav) / io.SAMPLE_RATE
    inside = (at >= start) & (at <= end)
    voiced = inside & _near(at, speech, 0.0)
    pauses = ~_near(at, speech, _MARGIN_SECONDS + _FRAME / 2 / io.SAMPLE_RATE)

    spoken = spectra[:, voiced if voiced.any() else inside]
    power = float(spoken.sum(axis=0).mean()) if spoken.size else 0.0
    snr_db = bandwidth_hz = background_db = NAN
    background = ""
    if power > 0:
        snr_db = _snr(spectra[:, inside], power)
        bandwidth_hz = _bandwidth(spoken)
        if pauses.sum() >= _MIN_PAUSE_FRAMES:
            background, background_db = _background(spectra[:, pauses], power, floor_dbfs)

    # Speaking rate in characters a second
    overlap = np.minimum(speech[:, 1], end) - np.maximum(speech[:, 0], start)
    seconds = float(np.clip(overlap, 0, None).sum())
    rate = len(text) / seconds if seconds > 0.2 and text else NAN

    loudness_lufs = io.loudness(wav, io.SAMPLE_RATE)
    return AudioMeasures(loudness_lufs, snr_db, bandwidth_hz, background, background_db, rate)


def _spectra(wav: np.ndarray) -> np.ndarray:
    """(samples,) -> (513, T) power; frame t is centred at sample t * _HOP."""
    if not len(wav):
        return np.zeros((_FRAME // 2 + 1, 0))

    spectra = librosa.stft(wav, n_fft=_FRAME, hop_length=_HOP, pad_mode="constant")
    return np.square(np.abs(spectra)) / _FRAME


def _near(at: np.ndarray, speech: np.ndarray, reach: float) -> np.ndarray:
    """(T,) bool: which times `at`, ascending, are in speech or within `reach` seconds of it."""
    near = np.zeros(len(at), bool)
    if not len(at):
        return near

    for a, b in speech[(speech[:, 1] > at[0] - 1) & (speech[:, 0] < at[-1] + 1)]:
        near |= (at > a - reach) & (at < b + reach)
    return near


def _snr(inside: np.ndarray, power: float) -> float:
    """Speech over the noise in the quietest tenth of the clip, in dB; at most 90 (16 bits)."""
    levels = np.sort(inside.sum(axis=0))
    noise = float(levels[: max(2, len(levels) // 10)].mean())

    ratio = max(power - noise, power * 1e-3) / max(noise, power * 1e-9)
    return float(np.clip(10 * np.log10(ratio), -30, 90))


def _bandwidth(spoken: np.ndarray) -> float:
    """The highest frequency in Hz at which the mean spectrum is within 60 dB of its peak."""
    spectrum = spoken.mean(axis=1)
    last = int(np.flatnonzero(spectrum >= spectrum.max() * 1e-6)[-1])
    return last * io.SAMPLE_RATE / _FRAME


def _background(pauses: np.ndarray, power: float, floor_dbfs: float) -> tuple[str, float]:
    """Kind and level of the sound in pauses, (513, T) power, under speech of `power`.

    The louder half of the frames is left out: breath, echo, a missed syllable.
    """
    levels = pauses.sum(axis=0)
    count = max(_MIN_PAUSE_FRAMES, (len(levels) + 1) // 2)
    calm = pauses[:, np.argsort(levels, kind="stable")[:count]]
    level = float(calm.sum(axis=0).mean())
    under = float(np.clip(10 * np.log10(max(level, 1e-20) / power), -90, 30))

    # The sum over positive frequencies is 3/16 of the signal's mean square (Hann window: 3/8)
    dbfs = 10 * np.log10(max(level * 16 / 3 / _FRAME, 1e-20))

    if under < _QUIET_DB:
        kind = "quiet"
    elif _tonal(calm):
        kind = "music"
    elif dbfs > floor_dbfs + _APPLAUSE_DB:
        kind = "applause"
    else:
        kind = "noise"
    return kind, under


def _tonal(calm: np.ndarray) -> bool:
    """Whether (513, T) power has tones: at least three narrow peaks from 150 to 4000 Hz."""
    from scipy.ndimage import median_filter

    low, high = (round(hertz * _FRAME / io.SAMPLE_RATE) for hertz in (150, 4000))
    spectrum = 10 * np.log10(np.maximum(calm.mean(axis=1)[low:high], 1e-20))
    peaks = spectrum - median_filter(spectrum, 15)

    # The mean over T frames of noise has a standard deviation of 5.6 dB / sqrt(T); the highest of
    # 180 values is three times that
    threshold = max(_TONAL_DB, 17.0 / np.sqrt(calm.shape[1] / 2))
    return int((peaks > threshold).sum()) >= 3
