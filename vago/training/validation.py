"""Held-out scores: per-clip losses, means per token with bootstrap intervals, paired differences."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
import torch

from vago.training.loss import Batch, Objective

LOSSES = ("mel_ce", "text_ce", "loss")
SUMS = ("mel_nll", "mel_tokens", "text_nll", "text_tokens")


@torch.inference_mode()
def per_clip(
    objective: Objective,
    batches: Iterable[Batch],
    device="cpu",
    on_batch: Callable[[], None] | None = None,
) -> pd.DataFrame:
    """One row per clip: clip_id, mel_nll, mel_tokens, text_nll, text_tokens (nats and target counts). Dropout is off
    while it runs; the training mode is put back."""
    was_training = objective.training
    objective.eval()
    rows = []
    try:
        for batch in batches:
            mel_nll, text_nll = objective(batch.to(device))
            mel_tokens, text_tokens = batch.targets()
            columns = (
                batch.clip_ids,
                mel_nll.tolist(),
                mel_tokens.tolist(),
                text_nll.tolist(),
                text_tokens.tolist(),
            )
            rows += zip(*columns, strict=True)
            if on_batch:
                on_batch()
    finally:
        objective.train(was_training)
    return pd.DataFrame(
        rows, columns=["clip_id", "mel_nll", "mel_tokens", "text_nll", "text_tokens"]
    )


def means(table: pd.DataFrame, text_weight: float = 0.01) -> dict[str, float]:
    """mel CE, text CE (unweighted) and loss = mel CE + text_weight * text CE, per token over all clips of `table`."""
    # numpy's sums: pandas would leave a clip whose loss is not a number out of the sum, and call the phase better for it
    sums = {name: table[name].to_numpy(dtype=np.float64).sum() for name in SUMS}
    mel, text = sums["mel_nll"] / sums["mel_tokens"], sums["text_nll"] / sums["text_tokens"]
    return {"mel_ce": float(mel), "text_ce": float(text), "loss": float(mel + text_weight * text)}


def intervals(
    table: pd.DataFrame, text_weight: float = 0.01, samples: int = 2000, seed: int = 1
) -> dict[str, dict[str, float]]:
    """`means` with 95 % percentile-bootstrap intervals over clips (Efron & Tibshirani 1993, ch. 13)."""
    draws = _resampled(table, text_weight, _picks(len(table), samples, seed))
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    value = means(table, text_weight)
    return {
        name: {"value": value[name], "low": float(low[i]), "high": float(high[i])}
        for i, name in enumerate(LOSSES)
    }


def paired_difference(
    table: pd.DataFrame,
    other: pd.DataFrame,
    text_weight: float = 0.01,
    samples: int = 2000,
    seed: int = 1,
) -> dict[str, dict[str, float]]:
    """`table` minus `other` on the same clips, each bootstrap draw taking the same clips from both: what is common to
    the two (hard clips, easy clips) cancels, so small differences can be told from chance."""
    table, other = table.set_index("clip_id").sort_index(), other.set_index("clip_id").sort_index()
    if list(table.index) != list(other.index):
        raise ValueError("paired scores need the same clips on both sides")
    picks = _picks(len(table), samples, seed)
    draws = _resampled(table, text_weight, picks) - _resampled(other, text_weight, picks)
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    ours, theirs = means(table, text_weight), means(other, text_weight)
    return {
        n: {"value": ours[n] - theirs[n], "low": float(low[i]), "high": float(high[i])}
        for i, n in enumerate(LOSSES)
    }


def _picks(clips: int, samples: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, clips, size=(samples, clips))


def _resampled(table: pd.DataFrame, text_weight: float, picks: np.ndarray) -> np.ndarray:
    """(samples, 3): the LOSSES of each bootstrap draw."""
    sums = {name: table[name].to_numpy(dtype=np.float64)[picks].sum(axis=1) for name in SUMS}
    mel, text = sums["mel_nll"] / sums["mel_tokens"], sums["text_nll"] / sums["text_tokens"]
    return np.stack([mel, text, mel + text_weight * text], axis=1)
