"""Sound that libsndfile cannot open (M4A): decoded by PyAV or an ffmpeg program, whichever is there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vago import VagoError

SUFFIXES = (".m4a", ".mp4", ".aac")
_FFMPEG_RATE = 44_100  # what ffmpeg is asked for: the rate of nearly all such files


def blocks(path: Path, seconds: float) -> Iterator[tuple[np.ndarray, int]]:
    """(samples, channels) float32 and the rate in Hz, in blocks of about `seconds`.

    Raises:
        VagoError: neither decoder is installed
        ValueError: the file cannot be decoded
    """
    try:
        import av
    except ImportError:
        if program := shutil.which("ffmpeg"):
            yield from _by_ffmpeg(program, path, seconds)
            return
        raise VagoError(
            f"{path} needs a decoder that is not installed: install ffmpeg or `pip install av`, or convert it to FLAC"
        ) from None
    yield from _by_av(av, path, seconds)


def _by_av(av, path: Path, seconds: float) -> Iterator[tuple[np.ndarray, int]]:
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise ValueError("it has no sound track")
            resampler, parts, rate = av.AudioResampler(format="fltp"), [], 0
            for frame in container.decode(audio=0):
                rate = frame.sample_rate
                parts += [part.to_ndarray().T for part in resampler.resample(frame)]
                if sum(map(len, parts)) >= seconds * rate:
                    yield np.concatenate(parts), rate
                    parts = []
            if parts:
                yield np.concatenate(parts), rate
    except av.FFmpegError as error:
        raise ValueError(str(error)) from None


def _by_ffmpeg(program: str, path: Path, seconds: float) -> Iterator[tuple[np.ndarray, int]]:
    asked = ["-f", "f32le", "-ac", "1", "-ar", str(_FFMPEG_RATE), "pipe:1"]
    command = [program, "-nostdin", "-v", "error", "-i", str(path), "-vn", *asked]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        try:
            while read := running.stdout.read(4 * round(seconds * _FFMPEG_RATE)):
                yield np.frombuffer(read, "<f4").reshape(-1, 1), _FFMPEG_RATE
            complaint = running.stderr.read().decode(errors="replace")
        finally:
            running.kill()
    if complaint.strip():
        raise ValueError(complaint.strip().splitlines()[-1])
