"""Hungarian speech from espeak-ng's shared library, which the espeakng-loader wheel brings."""

from __future__ import annotations

import ctypes
import shutil
import tempfile
import threading
from pathlib import Path

import numpy as np

from vago import VagoError

RATE = 22_050  # Hz, of everything espeak-ng says

_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class Voice:
    """One espeak-ng voice; parameters are espeak-ng's own.

    The library keeps everything in globals, down to the phase of the pitch flutter, so each Voice loads a copy
    of its own: voices do not disturb one another, and the same texts in the same order give the same samples.

    Args:
        variant: name of the timbre, a file in espeak-ng's voices/!v.
        words_per_minute: 80 to 450.
        pitch, pitch_range: 0 to 99; 50 is the variant's own.

    Raises:
        VagoError: the library cannot be loaded, or there is no such variant.
    """

    def __init__(
        self,
        variant: str = "m3",
        words_per_minute: int = 160,
        pitch: int = 50,
        pitch_range: int = 50,
    ):
        self.variant = variant
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="vago-voice-", ignore_cleanup_errors=True)
        self._library = _load_library(Path(self._folder.name), variant)
        self._chunks: list[np.ndarray] = []
        self._callback = _CALLBACK(
            self._collect
        )  # kept, or it would be freed while the library holds it
        self._library.espeak_SetSynthCallback(self._callback)
        for parameter, value in (
            (1, words_per_minute),
            (2, 70),
            (3, pitch),
            (4, pitch_range),
        ):  # 2: volume, with headroom
            self._library.espeak_SetParameter(parameter, int(value), 0)

    def _collect(self, samples, count: int, events) -> int:
        if samples and count > 0:
            self._chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def speak(self, text: str) -> np.ndarray:
        """`text` spoken: float32 of shape (samples,) at 22,050 Hz within -1..1; zeros, or none, for an empty text."""
        encoded = text.encode("utf-8") + b"\0"
        with self._lock:
            self._chunks.clear()
            self._library.espeak_Synth(
                encoded, len(encoded), 0, 0, 0, 1, None, None
            )  # 1: the text is UTF-8
            self._library.espeak_Synchronize()
            samples = np.concatenate(self._chunks) if self._chunks else np.zeros(0, np.int16)
        return samples.astype(np.float32) / 32768


def _load_library(folder: Path, variant: str) -> ctypes.CDLL:
    """A copy of espeak-ng of its own, in `folder`, speaking Hungarian in the timbre `variant`."""
    try:
        import espeakng_loader

        data = Path(espeakng_loader.get_data_path())
        library = ctypes.CDLL(shutil.copy(espeakng_loader.get_library_path(), folder))
    except (ImportError, OSError, RuntimeError) as error:
        raise VagoError(
            f"espeak-ng could not be loaded ({error}): reinstall the package espeakng-loader, "
            "and let TMPDIR name a folder that programs may be run from"
        ) from error
    if not (data / "voices" / "!v" / variant).is_file():
        known = ", ".join(sorted(path.name for path in (data / "voices" / "!v").glob("[fm][0-9]")))
        raise VagoError(
            f"espeak-ng has no voice variant {variant!r}: choose another, such as {known}"
        )
    # espeak-ng holds its data's path in 160 characters and truncates longer ones: a link in `folder` is short.
    link = folder / "espeak-ng-data"
    try:
        link.symlink_to(data, target_is_directory=True)
    except OSError:  # Windows allows links to few
        link = data
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int,
        ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p,
    ]  # fmt: skip
    synchronous, do_not_exit = (
        2,
        0x8000,
    )  # without the latter espeak-ng ends the process where data is missing
    rate = library.espeak_Initialize(synchronous, 0, str(link).encode(), do_not_exit)
    if rate != RATE or library.espeak_SetVoiceByName(f"hu+{variant}".encode()) != 0:
        raise VagoError(
            f"espeak-ng found no Hungarian voice in {data}: reinstall the package espeakng-loader"
        )
    return library
