"""Read a recording once, block by block, into scratch files from which any part can be loaded.

Little of the recording is in memory at any time.
"""

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


class Samples:
    """(samples,) float32 in a file; slices are read from disk.

    It is not a memory map, whose pages would count as memory of this process.
    """

    def __init__(self, path: Path):
        self._path = path
        self.size = path.stat().st_size // 4

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, part: slice) -> np.ndarray:
        first, last, _ = part.indices(self.size)
        return np.fromfile(self._path, np.float32, max(0, last - first), offset=4 * first)


@dataclass(frozen=True)
class OpenRecording:
    """A recording of `samples` at `rate` Hz. sha256: of its 16 bit samples, as `io.sha256`."""

    folder: Path
    rate: int
    samples: int
    sha256: str
    _full_scale: np.ndarray  # one bit a sample, packed: whether it is at full scale

    @property
    def seconds(self) -> float:
        return self.samples / self.rate

    def whole(self, rate: int = io.SAMPLE_RATE) -> Samples:
        """All of it at `rate` Hz, one of the rates it was opened with."""
        return Samples(_scratch(self.folder, rate))

    def wav(self, start: float, end: float, rate: int = io.SAMPLE_RATE) -> np.ndarray:
        """(samples,) float32 at `rate` Hz between two times in seconds."""
        return self.whole(rate)[max(0, round(start * rate)) : max(0, round(end * rate))]

    def clipped_fraction(self, start: float, end: float) -> float:
        """Share of samples at full scale between two times in seconds.

        Counted at the recording's own rate, because resampling changes the peaks.
        """
        first, last = (min(self.samples, max(0, round(at * self.rate))) for at in (start, end))
        bits = np.unpackbits(self._full_scale[first // 8 : last // 8 + 1])
        bits = bits[first % 8 :][: last - first]
        return float(np.mean(bits)) if len(bits) else 0.0


@contextmanager
def open_recording(
    path: Path, folder: Path, rates: tuple[int, ...] = (io.SAMPLE_RATE,)
) -> Iterator[OpenRecording]:
    """Read a recording, resampled to each of `rates`, into `folder`, which is removed at the end.

    Raises:
        io.Unreadable: as `io.blocks`
        VagoError: `folder` cannot be written or has no room
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield _read(path, folder, rates)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read(path: Path, folder: Path, rates: tuple[int, ...]) -> OpenRecording:
    digest = hashlib.sha256()
    flags = PackedFlags()
    samples = rate = 0
    is_float = path.is_file() and io.is_float_file(path)
    try:
        with ExitStack() as stack:
            files = {to: stack.enter_context(open(_scratch(folder, to), "wb")) for to in rates}
            resamplers: dict[int, soxr.ResampleStream] = {}

            for block, rate in io.blocks(path):
                digest.update(io.pcm16(block).tobytes())
                flags.add(io.at_full_scale(block, is_float))
                samples += len(block)

                for to, file in files.items():
                    if to == rate:
                        block.tofile(file)
                        continue
                    if to not in resamplers:
                        resamplers[to] = soxr.ResampleStream(rate, to, 1, "float32", "HQ")
                    resamplers[to].resample_chunk(block).tofile(file)

            for to, resampler in resamplers.items():
                rest = resampler.resample_chunk(np.zeros(0, np.float32), last=True)
                rest.tofile(files[to])
    except OSError as error:
        raise VagoError(
            f"{folder} cannot be written ({error}): an hour of audio needs half a gigabyte there"
        ) from None

    return OpenRecording(folder, rate, samples, digest.hexdigest(), flags.packed())


class PackedFlags:
    """One bit a sample, collected block by block."""

    def __init__(self):
        self._bytes: list[np.ndarray] = []
        self._rest = np.zeros(0, bool)  # fewer than 8 flags, which do not fill a byte yet

    def add(self, flags: np.ndarray) -> None:
        flags = np.concatenate([self._rest, flags])
        full = len(flags) // 8 * 8
        self._bytes.append(np.packbits(flags[:full]))
        self._rest = flags[full:]

    def packed(self) -> np.ndarray:
        return np.concatenate([*self._bytes, np.packbits(self._rest)])


def _scratch(folder: Path, rate: int) -> Path:
    return folder / f"{rate}.f32"
