"""A recording read once, in blocks, into scratch files that any stretch of it can be taken from: little of it is in memory."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from vago import VagoError
from vago.audio import io

EAR_RATE = 16_000  # Hz, what recogniser, voice activity and speaker encoder listen at


class Samples:
    """(samples,) float32 in a file. Not a memory map: its pages would count as this process's memory."""

    def __init__(self, path: Path):
        self._path, self.size = path, path.stat().st_size // 4

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, part: slice) -> np.ndarray:
        first, last, _ = part.indices(self.size)
        return np.fromfile(self._path, np.float32, max(0, last - first), offset=4 * first)


@dataclass(frozen=True)
class Track:
    """A recording of `samples` at `rate` Hz. `sha256`: of its 16 bit samples, as `audio.sha256`."""

    folder: Path
    rate: int
    samples: int
    sha256: str
    _full_scale: np.ndarray

    @property
    def seconds(self) -> float:
        return self.samples / self.rate

    def whole(self, rate: int = io.SAMPLE_RATE) -> Samples:
        """All of it at `rate` Hz, one of those it was opened with; what is sliced out of it is read then."""
        return Samples(_scratch(self.folder, rate))

    def wav(self, start: float, end: float, rate: int = io.SAMPLE_RATE) -> np.ndarray:
        """(samples,) float32 at `rate` Hz between two times in seconds."""
        return self.whole(rate)[max(0, round(start * rate)) : max(0, round(end * rate))]

    def clipped(self, start: float, end: float) -> float:
        """Share of samples at full scale between two times, at the recording's own rate: resampling rounds them off."""
        first, last = (min(self.samples, max(0, round(at * self.rate))) for at in (start, end))
        bits = np.unpackbits(self._full_scale[first // 8 : last // 8 + 1])[first % 8 :][
            : last - first
        ]
        return float(np.mean(bits)) if len(bits) else 0.0


@contextmanager
def opened(path: Path, folder: Path, rates: tuple[int, ...] = (io.SAMPLE_RATE,)) -> Iterator[Track]:
    """Read a recording through, resampled to `rates`, into `folder`, which is taken away again at the end.

    Raises:
        audio.Unreadable, VagoError: as `audio.blocks`; or `folder` has no room
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield _read(path, folder, rates)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read(path: Path, folder: Path, rates: tuple[int, ...]) -> Track:
    whole, full_scale, left, samples, rate = hashlib.sha256(), [], np.zeros(0, bool), 0, 0
    resamplers: dict[int, soxr.ResampleStream] = {}
    with ExitStack() as stack:
        try:
            files = {to: stack.enter_context(open(_scratch(folder, to), "wb")) for to in rates}
            for block, rate in io.blocks(path):
                whole.update(io.pcm16(block).tobytes())
                samples += len(block)
                flags = np.concatenate([left, np.abs(block) >= io.FULL_SCALE])
                full_scale.append(np.packbits(flags[: len(flags) // 8 * 8]))
                left = flags[len(flags) // 8 * 8 :]
                for to, file in files.items():
                    if to != rate and to not in resamplers:
                        resamplers[to] = soxr.ResampleStream(
                            rate, to, 1, dtype="float32", quality="HQ"
                        )
                    (resamplers[to].resample_chunk(block) if to != rate else block).tofile(file)
            for to, resampler in resamplers.items():
                resampler.resample_chunk(np.zeros(0, np.float32), last=True).tofile(files[to])
        except OSError as error:
            raise VagoError(
                f"{folder} cannot be written ({error}): an hour of sound takes half a gigabyte there"
            ) from None
    return Track(
        folder, rate, samples, whole.hexdigest(), np.concatenate([*full_scale, np.packbits(left)])
    )


def _scratch(folder: Path, rate: int) -> Path:
    return folder / f"{rate}.f32"
