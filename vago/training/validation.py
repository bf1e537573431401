"""Scores of clips: losses per clip, means per token, bootstrap intervals, paired differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
import pandas as pd
import torch
from scipy import stats

from vago.training.batches import Batch
from vago.training.loss import GPTLoss

LOSSES = ("mel_ce", "text_ce", "loss")
SUMS = ("mel_nll", "mel_tokens", "text_nll", "text_tokens")

SAMPLES = 2000  # bootstrap resamples


@torch.inference_mode()
def per_clip(
    gpt_loss: GPTLoss,
    batches: Iterable[Batch],
    device="cpu",
) -> pd.DataFrame:
    """One row per clip: clip_id, mel_nll, mel_tokens, text_nll, text_tokens (nats, target counts).

    Dropout is off while it runs; the training mode is restored afterwards.
    """
    was_training = gpt_loss.training
    gpt_loss.eval()
    rows = []

    try:
        for batch in batches:
            mel_nll, text_nll = gpt_loss(batch.to(device))
            mel_tokens, text_tokens = batch.targets()
            columns = (mel_nll, mel_tokens, text_nll, text_tokens)

            rows += zip(batch.clip_ids, *(column.tolist() for column in columns), strict=True)
    finally:
        gpt_loss.train(was_training)

    return pd.DataFrame(rows, columns=["clip_id", *SUMS])


def means(table: pd.DataFrame, text_weight: float = 0.01) -> dict[str, float]:
    """mel CE, text CE (unweighted) and loss = mel CE + text_weight * text CE.

    All three are per token over all clips of `table`, in nats; NaN if one clip's loss is NaN.
    """
    values = _losses(*_sums(table), text_weight=text_weight)
    return dict(zip(LOSSES, values.tolist()))


def intervals(
    table: pd.DataFrame, text_weight: float = 0.01, samples: int = SAMPLES, seed: int = 1
) -> dict[str, dict[str, float]]:
    """`means` as {"value", "low", "high"}: 95 % bootstrap intervals, resampled over clips."""
    statistic = partial(_losses, text_weight=text_weight)
    bounds = _bootstrap(statistic, _sums(table), samples, seed)
    return {name: _interval(*numbers) for name, *numbers in zip(LOSSES, *bounds)}


def paired_difference(
    table: pd.DataFrame,
    other: pd.DataFrame,
    text_weight: float = 0.01,
    samples: int = SAMPLES,
    seed: int = 1,
) -> dict[str, dict[str, float]]:
    """`intervals` of `table` minus `other`, which score the same clips.

    Each bootstrap sample takes the same clips from both tables, so that what both have in common
    (hard and easy clips) cancels and the interval is narrower.

    Raises:
        ValueError: the tables hold different clips.
    """
    table = table.set_index("clip_id").sort_index()
    other = other.set_index("clip_id").sort_index()
    if list(table.index) != list(other.index):
        raise ValueError("paired scores need the same clips on both sides")

    def difference(*sums: np.ndarray, axis: int = -1) -> np.ndarray:
        ours, theirs = sums[: len(SUMS)], sums[len(SUMS) :]
        return _losses(*ours, text_weight, axis) - _losses(*theirs, text_weight, axis)

    bounds = _bootstrap(difference, _sums(table) + _sums(other), samples, seed)
    return {name: _interval(*numbers) for name, *numbers in zip(LOSSES, *bounds)}


def bootstrap_interval(values: Sequence[float]) -> dict[str, float]:
    """The mean of `values` and its 95 % bootstrap interval: {"value", "low", "high"}."""
    columns = [np.asarray(values, dtype=np.float64)]
    return _interval(*_bootstrap(np.mean, columns, SAMPLES, seed=1))


def _bootstrap(
    statistic: Callable[..., np.ndarray], columns: Sequence[np.ndarray], samples: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(value, low, high) of `statistic(*columns, axis=-1)`; a resample takes whole rows.

    95 % intervals by the percentile method (Efron & Tibshirani 1993, ch. 13). One row alone has
    no spread: low and high are then the value.
    """
    value = statistic(*columns, axis=-1)
    if len(columns[0]) < 2:
        return value, value, value

    with warnings.catch_warnings():
        # values that are not finite give bounds that are not: no need to warn of them
        warnings.simplefilter("ignore", RuntimeWarning)
        drawn = stats.bootstrap(
            columns,
            statistic,
            n_resamples=samples,
            paired=len(columns) > 1,
            vectorized=True,
            method="percentile",
            rng=seed,
        )

    return value, drawn.confidence_interval.low, drawn.confidence_interval.high


def _sums(table: pd.DataFrame) -> list[np.ndarray]:
    return [table[name].to_numpy(dtype=np.float64) for name in SUMS]


def _losses(mel_nll, mel_tokens, text_nll, text_tokens, text_weight: float, axis: int = -1):
    """LOSSES along the first axis: four (..., clips) arrays -> (3, ...).

    The sums are numpy's: pandas would skip a NaN, and a phase would score better for it.
    """
    mel_ce = mel_nll.sum(axis=axis) / mel_tokens.sum(axis=axis)
    text_ce = text_nll.sum(axis=axis) / text_tokens.sum(axis=axis)
    return np.stack([mel_ce, text_ce, mel_ce + text_weight * text_ce])


def _interval(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": float(value), "low": float(low), "high": float(high)}
