"""Hungarian speech from espeak-ng's shared library, which the espeakng-loader wheel contains."""

from __future__ import annotations

import ctypes
import shutil
import tempfile
import threading
from pathlib import Path

import numpy as np

from vago import VagoError

RATE = 22_050  # Hz, of all espeak-ng output
VOLUME = 70  # with headroom

# From espeak-ng's speak_lib.h
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4  # espeak_PARAMETER
_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS
_DONT_EXIT = 0x8000  # or espeak-ng ends the process where its data is missing
_UTF8 = 1  # espeakCHARS_UTF8
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class EspeakVoice:
    """One espeak-ng voice; parameters are espeak-ng's own.

    The library keeps its state in globals, down to the phase of the pitch flutter, so each voice
    loads a copy of its own: voices do not affect one another, and the same texts in the same order
    give the same samples.

    Args:
        variant: name of the timbre, a file in espeak-ng's voices/!v
        words_per_minute: 80 to 450
        pitch, pitch_range: 0 to 99; 50 is the variant's own

    Raises:
        VagoError: the library cannot be loaded, or there is no such variant
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

        # The callback is kept as an attribute, or it would be freed while the library uses it
        self._chunks: list[np.ndarray] = []
        self._callback = _CALLBACK(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)

        settings = {_RATE: words_per_minute, _VOLUME: VOLUME, _PITCH: pitch, _RANGE: pitch_range}
        for parameter, value in settings.items():
            self._library.espeak_SetParameter(parameter, int(value), 0)

    def _collect(self, samples, count: int, events) -> int:
        if samples and count > 0:
            self._chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def speak(self, text: str) -> np.ndarray:
        """Synthesize `text`: (samples,) float32 at 22,050 Hz in -1..1; zeros or none if empty."""
        encoded = text.encode("utf-8") + b"\0"
        with self._lock:
            self._chunks.clear()
            self._library.espeak_Synth(encoded, len(encoded), 0, 0, 0, _UTF8, None, None)
            self._library.espeak_Synchronize()
            samples = np.concatenate([np.zeros(0, np.int16), *self._chunks])
        return samples.astype(np.float32) / 32768


def _load_library(folder: Path, variant: str) -> ctypes.CDLL:
    """Load a copy of espeak-ng from `folder`, set to Hungarian with the timbre `variant`."""
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

    # espeak-ng truncates the path of its data at 160 characters; a link in `folder` is short
    link = folder / "espeak-ng-data"
    try:
        link.symlink_to(data, target_is_directory=True)
    except OSError:  # Windows allows links only to some users
        link = data

    library.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        *[ctypes.c_uint] * 4,
        *[ctypes.c_void_p] * 2,
    ]
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, str(link).encode(), _DONT_EXIT)
    if rate != RATE or library.espeak_SetVoiceByName(f"hu+{variant}".encode()) != 0:
        raise VagoError(
            f"espeak-ng found no Hungarian voice in {data}: reinstall the package espeakng-loader"
        )
    return library
