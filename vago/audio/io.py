"""Sound in and out: load, resample, find the speech, set the loudness, measure, write."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import pyloudnorm
import soundfile

from vago import VagoError
from vago.audio import containers

SAMPLE_RATE = 22050  # what XTTS listens to: clips, prompts, DVAE
OUTPUT_RATE = 24000  # what its decoder speaks
PEAK = 10 ** (-1 / 20)  # -1 dBFS: room for what a lossy encoder or a player's resampler adds
FULL_SCALE = 0.999
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", *containers.SUFFIXES)
FORMATS = "WAV, FLAC, OGG, MP3 or M4A"

_HOP_SECONDS = 0.005
_PAUSE_SECONDS = 0.08  # a shorter hole is a plosive's closure, not a pause


class Unreadable(VagoError):
    """A sound file that is missing or damaged: one among many, which the others need not wait for."""


def blocks(path: Path, seconds: float = 30.0) -> Iterator[tuple[np.ndarray, int]]:
    """Read a sound file as mono, a block at a time, so that its length does not matter.

    Yields:
        wav: (samples,) float32 in [-1, 1], the channels' mean; of `seconds`, the last one shorter
        rate: in Hz, the same for all

    Raises:
        Unreadable: the file is missing, empty, no sound file, or holds samples that are no numbers
        VagoError: nothing is installed that can decode it
    """
    path = Path(path)
    if not path.is_file():
        raise Unreadable(
            f"{path} does not exist: put the sound file there or take it out of the list that names it"
        )
    empty = True
    try:
        for block, rate in _channels(path, seconds):
            wav = block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
            if not np.isfinite(wav).all():
                raise Unreadable(
                    f"{path} holds samples that are not finite numbers: export it again as 16 or 24 bit WAV"
                )
            empty = empty and not len(wav)
            yield np.ascontiguousarray(wav), rate
    except (soundfile.SoundFileError, RuntimeError, ValueError, OSError) as error:
        why = (
            "it is empty" if path.stat().st_size == 0 else " ".join(str(error).split()).rstrip(".")
        )
        raise Unreadable(
            f"{path} cannot be read as sound ({why}): replace it by a good {FORMATS}"
        ) from None
    if empty:
        raise Unreadable(f"{path} holds no samples: replace it by a good {FORMATS}")


def _channels(path: Path, seconds: float) -> Iterator[tuple[np.ndarray, int]]:
    """(samples, channels) float32 and the rate, block by block."""
    if path.suffix.lower() in containers.SUFFIXES:
        yield from containers.blocks(path, seconds)
        return
    with soundfile.SoundFile(path) as file:
        for block in file.blocks(
            max(1, round(seconds * file.samplerate)), dtype="float32", always_2d=True
        ):
            yield block, file.samplerate


def load(path: Path) -> tuple[np.ndarray, int]:
    """Read a whole sound file as mono: (samples,) float32 and its rate. Raises VagoError as `blocks` does."""
    read = list(blocks(path))
    return np.concatenate([wav for wav, _ in read]), read[0][1]


def resample(wav: np.ndarray, rate: int, to: int) -> np.ndarray:
    """(samples,) at `rate` Hz -> (samples * to / rate,) float32 at `to` Hz."""
    if rate == to:
        return wav
    return librosa.resample(wav, orig_sr=rate, target_sr=to, res_type="soxr_hq").astype(
        np.float32, copy=False
    )


@dataclass(frozen=True)
class Speech:
    """Where a recording speaks. segments: (N, 2) seconds, in order, apart by pauses; levels: (T,) dBFS every `hop` seconds."""

    segments: np.ndarray
    levels: np.ndarray
    hop: float

    def quietest(self, low: float, high: float) -> float:
        """The quietest moment between two times, in seconds."""
        first = int(np.clip(np.ceil(low / self.hop), 0, len(self.levels) - 1))
        last = int(np.clip(np.floor(high / self.hop), first, len(self.levels) - 1))
        return float(
            np.clip(
                (first + int(np.argmin(self.levels[first : last + 1]))) * self.hop,
                low,
                max(low, high),
            )
        )


def find_speech(wav: np.ndarray, rate: int) -> Speech:
    """Split (samples,) into speech and pauses by short-time energy.

    `wav` may be `tracks.Samples`: it is read a minute at a time.

    The threshold lies 12 dB over the recording's own noise floor, but 12 to 46 dB under its loudest speech, so that neither a
    noisy room nor digital silence (a floor of minus infinity) misleads it.
    """
    hop = max(1, round(rate * _HOP_SECONDS))
    count = len(wav) // hop + 1
    rms = np.empty(count, dtype=np.float32)
    for first in range(
        0, count, 12000
    ):  # a minute at a time: framing a whole recording would take a gigabyte
        last = min(count, first + 12000)
        block = np.asarray(wav[max(0, (first - 1) * hop) : last * hop])
        before = hop if first == 0 else 0
        block = np.pad(block, (before, max(0, (last - first + 1) * hop - before - len(block))))
        rms[first:last] = librosa.feature.rms(
            y=block, frame_length=2 * hop, hop_length=hop, center=False
        )[0]
    levels = 20 * np.log10(np.maximum(rms, 10 ** (-90 / 20)))

    top = np.percentile(levels, 99.9)
    if top < -80:
        return Speech(np.zeros((0, 2)), levels, hop / rate)
    threshold = np.clip(np.percentile(levels, 2) + 12, top - 46, top - 12)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], levels > threshold, [0]]).astype(np.int8)))
    # A frame reaches one hop to both sides of its centre, and so does the speech it stands for.
    starts, ends = (edges[::2] - 1) * hop / rate, edges[1::2] * hop / rate
    apart = starts[1:] - ends[:-1] >= _PAUSE_SECONDS
    segments = np.stack([starts[np.append(True, apart)], ends[np.append(apart, True)]], axis=1)
    return Speech(np.clip(segments, 0, len(wav) / rate), levels, hop / rate)


def set_loudness(wav: np.ndarray, rate: int, lufs: float) -> np.ndarray:
    """Bring (samples,) to `lufs` (ITU-R BS.1770), or as near as peaks of -1 dBFS allow: the gain gives way, nothing clips."""
    peak = float(np.abs(wav).max(initial=0))
    if peak == 0:
        return wav
    measured = loudness(wav, rate)
    if not np.isfinite(measured):  # under the meter's gate of -70 LUFS
        return wav
    # a float64 scalar, so that the product is rounded once: clips are known by the hash of their samples
    return (wav * min(10 ** ((lufs - np.float64(measured)) / 20), PEAK / peak)).astype(np.float32)


def loudness(wav: np.ndarray, rate: int) -> float:
    """Integrated loudness of (samples,) in LUFS (ITU-R BS.1770, EBU R 128); -inf under the meter's gate of -70."""
    if not len(wav):
        return float("-inf")
    # The meter needs a block of 0.4 s. A shorter clip is repeated: zeros would make it seem quieter than it is.
    short = int(np.ceil(0.4 * rate)) + 1 - len(wav)
    measured = np.pad(wav, (0, short), mode="wrap") if short > 0 else wav
    return float(pyloudnorm.Meter(rate).integrated_loudness(measured.astype(np.float64)))


def clipped_fraction(wav: np.ndarray) -> float:
    """Share of samples at full scale."""
    return float(np.mean(np.abs(wav) >= FULL_SCALE)) if len(wav) else 0.0


def loudest_dbfs(wav: np.ndarray, rate: int) -> float:
    """RMS of the loudest 50 ms, in dB under full scale; -inf for digital silence."""
    width = max(1, min(len(wav), round(0.05 * rate)))
    energy = np.concatenate([[0.0], np.cumsum(np.square(wav, dtype=np.float64))])
    power = float(np.max(energy[width:] - energy[:-width], initial=0)) / width
    return 10 * float(np.log10(power)) if power > 1e-20 else float("-inf")


def pcm16(wav: np.ndarray) -> np.ndarray:
    """(samples,) float in [-1, 1] -> int16, such that what `load` reads back gives the same int16 again."""
    return np.clip(np.round(wav * np.float32(32768)), -32768, 32767).astype("<i2")


def sha256(wav: np.ndarray) -> str:
    """Hash of the 16 bit samples: the same for a WAV and its FLAC, whatever the file is called."""
    return hashlib.sha256(pcm16(wav).tobytes()).hexdigest()


def write(path: Path, wav: np.ndarray, rate: int) -> None:
    """Write (samples,) as a 16 bit WAV, whole or not at all."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        soundfile.write(temporary, pcm16(wav), rate, format="WAV", subtype="PCM_16")
        os.replace(temporary, path)
    except (OSError, soundfile.SoundFileError) as error:
        temporary.unlink(missing_ok=True)
        raise VagoError(
            f"{path} cannot be written ({error}): see that the folder is writable and has room"
        ) from None
