"""Audio files in and out: read blockwise, resample, measure and set the level, write."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import librosa
import numpy as np
import pyloudnorm
import soundfile

from vago import VagoError
from vago.files import write_whole

SAMPLE_RATE = 22_050  # Hz, input of XTTS: clips, prompts, DVAE
OUTPUT_RATE = 24_000  # Hz, output of its decoder
ASR_RATE = 16_000  # Hz, input of the speech recogniser, voice activity and speaker encoder

PEAK = 10 ** (-1 / 20)  # -1 dBFS: headroom for lossy encoders and resamplers of players
FULL_SCALE = 0.999

# What a file really is decides who reads it, libsndfile or PyAV, not its suffix
SOUNDFILE_SUFFIXES = tuple(".wav .flac .ogg .oga .opus .mp3 .aiff .aif .au .caf .w64".split())
SUFFIXES = (
    *SOUNDFILE_SUFFIXES,
    *".m4a .m4b .mp4 .aac .mkv .mka .webm .mov .avi .wma .asf .3gp .amr .ac3 .mpg".split(),
)
FORMATS = "WAV, FLAC, OGG, Opus, MP3 or M4A"
OPPOSED = 0.1  # the channels' mean has less of the louder one's energy: their phases are opposed


class Unreadable(VagoError):
    """An audio file that is missing or damaged. Other files of a list can still be used."""


# Reading


def blocks(path: Path, seconds: float = 30.0) -> Iterator[tuple[np.ndarray, int]]:
    """Read an audio file as mono, block by block, so that memory does not grow with its length.

    Yields:
        wav: (samples,) float32, mean of the channels, or the louder one where their phases are
            opposed; about `seconds` long, the last block shorter
        rate: Hz, the same for all blocks

    Raises:
        Unreadable: the file is missing, empty or no audio file, or holds non-finite samples
    """
    path = Path(path)
    if not path.is_file():
        raise Unreadable(
            f"{path} does not exist: put the audio file there or remove it from the list "
            "that names it"
        )

    empty = True
    try:
        for block, rate in _read(path, seconds):
            wav = _mono(block)
            if not np.isfinite(wav).all():
                raise Unreadable(
                    f"{path} holds samples that are not finite numbers: "
                    "export it again as 16 or 24 bit WAV"
                )

            empty = empty and not len(wav)
            yield np.ascontiguousarray(wav), rate
    except (soundfile.SoundFileError, RuntimeError, ValueError, OSError) as error:
        why = " ".join(str(error).split()).rstrip(".")
        if path.stat().st_size == 0:
            why = "it is empty"
        raise Unreadable(
            f"{path} cannot be read as audio ({why}): replace it by a good {FORMATS}"
        ) from None

    if empty:
        raise Unreadable(f"{path} holds no samples: replace it by a good {FORMATS}")


def _read(path: Path, seconds: float) -> Iterator[tuple[np.ndarray, int]]:
    """(samples, channels) float32 and the rate in Hz, by libsndfile or else by PyAV."""
    try:
        soundfile.info(path)
    except soundfile.SoundFileError as error:
        try:
            yield from _container_blocks(path, seconds)
        except ValueError:
            if path.suffix.lower() in SOUNDFILE_SUFFIXES:
                raise error from None  # it says more of such a file
            raise
    else:
        yield from _soundfile_blocks(path, seconds)


def _mono(block: np.ndarray) -> np.ndarray:
    """(samples, channels) -> (samples,)."""
    if block.shape[1] == 1:
        return block[:, 0]

    mean = block.mean(axis=1, dtype=np.float32)
    energies = np.square(block, dtype=np.float64).sum(axis=0)
    if np.square(mean, dtype=np.float64).sum() >= OPPOSED * energies.max():
        return mean
    return block[:, int(energies.argmax())]


def _soundfile_blocks(path: Path, seconds: float) -> Iterator[tuple[np.ndarray, int]]:
    """(samples, channels) float32 and the rate in Hz, block by block, by libsndfile."""
    with soundfile.SoundFile(path) as file:
        length = max(1, round(seconds * file.samplerate))
        for block in file.blocks(length, dtype="float32", always_2d=True):
            yield block, file.samplerate


def _container_blocks(path: Path, seconds: float) -> Iterator[tuple[np.ndarray, int]]:
    """The same by PyAV: the first audio stream of a container such as M4A.

    Raises:
        ValueError: the file cannot be decoded
    """
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise ValueError("it has no audio stream")

            to_float = av.AudioResampler(format="fltp")  # sample format only; the rate stays
            parts, rate = [], 0
            for frame in container.decode(audio=0):
                rate = frame.sample_rate
                parts += [part.to_ndarray().T for part in to_float.resample(frame)]
                if sum(map(len, parts)) >= seconds * rate:
                    yield np.concatenate(parts), rate
                    parts = []

            if parts:
                yield np.concatenate(parts), rate
    except av.FFmpegError as error:
        raise ValueError(str(error)) from None


def load(path: Path) -> tuple[np.ndarray, int]:
    """Read a whole audio file as mono: (samples,) float32 and its rate. Raises as `blocks` does."""
    read = list(blocks(path))
    return np.concatenate([wav for wav, _ in read]), read[0][1]


def resample(wav: np.ndarray, rate: int, to: int) -> np.ndarray:
    """(samples,) at `rate` Hz -> (samples * to / rate,) float32 at `to` Hz."""
    if rate == to:
        return wav

    resampled = librosa.resample(wav, orig_sr=rate, target_sr=to, res_type="soxr_hq")
    return resampled.astype(np.float32, copy=False)


# Levels


def set_loudness(wav: np.ndarray, rate: int, lufs: float) -> np.ndarray:
    """Amplify (samples,) to `lufs` (ITU-R BS.1770), or less where peaks would exceed -1 dBFS.

    Silence, and what is under the meter's gate of -70 LUFS, is returned unchanged.
    """
    peak = float(np.abs(wav).max(initial=0))
    if peak == 0:
        return wav

    measured = loudness(wav, rate)
    if not np.isfinite(measured):
        return wav

    # A float64 scalar, so that the product is rounded once: clips are known by their samples' hash
    gain = min(10 ** ((lufs - np.float64(measured)) / 20), PEAK / peak)
    return (wav * gain).astype(np.float32)


def loudness(wav: np.ndarray, rate: int) -> float:
    """Integrated loudness of (samples,) in LUFS (ITU-R BS.1770, EBU R 128); -inf under -70 LUFS."""
    if not len(wav):
        return float("-inf")

    # The meter needs a block of 0.4 s. Shorter clips are repeated; zeros would lower the result.
    short = int(np.ceil(0.4 * rate)) + 1 - len(wav)
    if short > 0:
        wav = np.pad(wav, (0, short), mode="wrap")
    return float(pyloudnorm.Meter(rate).integrated_loudness(wav.astype(np.float64)))


def is_float_file(path: Path) -> bool:
    """Whether a file stores samples that may exceed full scale without being clipped."""
    try:
        return soundfile.info(path).subtype in ("FLOAT", "DOUBLE")
    except soundfile.SoundFileError:
        return False


def at_full_scale(wav: np.ndarray, is_float: bool = False) -> np.ndarray:
    """(samples,) bool: which are clipped; those of a float file may lie beyond full scale."""
    level = np.abs(wav)
    clipped = level >= FULL_SCALE
    return clipped & (level <= 2 - FULL_SCALE) if is_float else clipped


def clipped_fraction(wav: np.ndarray) -> float:
    """Share of samples at full scale."""
    return float(np.mean(np.abs(wav) >= FULL_SCALE)) if len(wav) else 0.0


def loudest_dbfs(wav: np.ndarray, rate: int) -> float:
    """RMS of the loudest 50 ms in dBFS; -inf for digital silence."""
    width = max(1, min(len(wav), round(0.05 * rate)))
    energy = np.concatenate([[0.0], np.cumsum(np.square(wav, dtype=np.float64))])
    power = float(np.max(energy[width:] - energy[:-width], initial=0)) / width
    return 10 * float(np.log10(power)) if power > 1e-20 else float("-inf")


# Writing


def pcm16(wav: np.ndarray) -> np.ndarray:
    """(samples,) float in [-1, 1] -> int16; reading the written file gives the same int16 again."""
    return np.clip(np.round(wav * np.float32(32768)), -32768, 32767).astype("<i2")


def sha256(wav: np.ndarray) -> str:
    """SHA-256 of the 16 bit samples: the same for a WAV and its FLAC, and for any file name."""
    return hashlib.sha256(pcm16(wav).tobytes()).hexdigest()


def write(path: Path, wav: np.ndarray, rate: int) -> None:
    """Write (samples,) as a 16 bit WAV, atomically. Raises VagoError where this is impossible."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)

    content = BytesIO()
    soundfile.write(content, pcm16(wav), rate, format="WAV", subtype="PCM_16")
    write_whole(path, content.getvalue())
