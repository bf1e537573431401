"""TODO: what corpus.measures is for."""

from __future__ import annotations

from typing import Any

import numpy as np

from vago.corpus.params import CorpusParams


def fault(p: CorpusParams, measured: dict[str, Any]) -> tuple[str, str]:
    """The ledger's reason and detail where a clip sounds too bad to be learnt from, both empty where it does not."""
    kind, under = measured.get("background", ""), measured.get("background_db", -np.inf)
    if kind in ("music", "applause") and under > p.max_background_db:
        return kind, f"{-under:.0f} dB under the speech, {-p.max_background_db:g} dB is the least"
    if (snr := measured.get("snr_db", np.inf)) < p.min_snr_db:
        return "noisy", f"speech is {snr:.0f} dB over the noise, {p.min_snr_db:g} dB is the least"
    if (width := measured.get("bandwidth_hz", np.inf)) < p.min_bandwidth_hz:
        return "narrow", f"nothing over {width:.0f} Hz, {p.min_bandwidth_hz:g} Hz is the least"
    return "", ""


def odd_rates(rates: np.ndarray, deviations: float, fewest: int = 20) -> np.ndarray:
    """(N,) bool: which clips are spoken outside a source's own range of rates.

    The range is the median, give or take `deviations` times the robust standard deviation (1.4826 times the median absolute
    deviation) of the logarithms, and never less than a factor of 1.5; nothing is odd among fewer than `fewest`.
    """
    known = np.isfinite(rates) & (rates > 0)
    if known.sum() < fewest:
        return np.zeros(len(rates), bool)
    logs = np.log(np.where(known, rates, 1.0))
    middle = np.median(logs[known])
    width = max(deviations * 1.4826 * np.median(np.abs(logs[known] - middle)), np.log(1.5))
    return known & (np.abs(logs - middle) > width)
