"""Which clips are never trained on: stretches of neighbours, drawn so that every source and category has its share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vago import VagoError

AFRESH = "delete it to draw a new one, after which phases trained before cannot be compared with new ones"
_STRATUM = 8  # a source's category with at least so many clips has one in the held-out set


@dataclass(frozen=True)
class Stretch:
    """Neighbouring clips of one recording: from `start` to `end` seconds. The recording is known by its sound, not its name."""

    source: str
    recording: str
    recording_sha256: str
    start: float
    end: float


def split_held_out(
    clips: pd.DataFrame,
    fraction: float,
    min_clips: int,
    stretch_seconds: float,
    seed: int,
    frozen: list[Stretch] | None = None,
) -> tuple[np.ndarray, list[Stretch]]:
    """Choose the clips that are never trained on: stretches of neighbours, so that they share little with the training clips.

    Args:
        clips: source, category, recording, recording_sha256, start, end and seconds of each clip
        fraction: share of the clips; at least `min_clips`
        stretch_seconds: most speech in one stretch; stretches are shorter where the strata (source, category) need it
        frozen: an earlier choice, which stands: a clip is held out where its middle lies in one of these stretches

    Returns:
        mask: (clips,) bool
        stretches: those drawn, or the frozen ones

    Raises:
        VagoError: too few clips to split, or no frozen stretch fits any clip
    """
    if frozen is None:
        target = max(min_clips, round(fraction * len(clips)))
        if 2 * target > len(clips):
            raise VagoError(
                f"{len(clips)} clips are too few to hold {target} of them out: bring more recordings, or lower held_out_min_clips"
            )
        stretches = _draw(clips, target, stretch_seconds, np.random.default_rng(seed))
    else:
        stretches = frozen
    middle = ((clips["start"] + clips["end"]) / 2).to_numpy()
    recording = clips["recording_sha256"].to_numpy()
    mask = np.zeros(len(clips), dtype=bool)
    for stretch in stretches:
        mask |= (
            (recording == stretch.recording_sha256)
            & (stretch.start <= middle)
            & (middle <= stretch.end)
        )
    if not mask.any() or mask.all():
        share = "every" if mask.any() else "no"
        raise VagoError(
            f"the frozen held-out set (held_out.json, {len(stretches)} stretches) covers {share} clip of these recordings: bring "
            f"back the recordings it was drawn from, or {AFRESH}"
        )
    return mask, stretches


def _draw(
    clips: pd.DataFrame, target: int, stretch_seconds: float, rng: np.random.Generator
) -> list[Stretch]:
    """Take greedily the stretch that brings the strata nearest to their quotas, until `target` clips are held out."""
    clips = clips.sort_values(["source", "recording", "start"], kind="stable").reset_index(
        drop=True
    )
    strata, names = pd.factorize(clips["source"] + "\0" + clips["category"])
    sizes = np.bincount(strata, minlength=len(names)).astype(float)
    quotas = np.where(
        sizes >= _STRATUM, np.maximum(1.0, target * sizes / len(clips)), target * sizes / len(clips)
    )
    one_hot = np.zeros((len(clips) + 1, len(names)))
    one_hot[np.arange(1, len(clips) + 1), strata] = 1
    running = one_hot.cumsum(axis=0)

    recording, seconds = (
        pd.factorize(clips["source"] + "\0" + clips["recording"])[0],
        clips["seconds"].to_numpy(),
    )
    windows = []
    for first in range(len(clips)):
        last, total = first, seconds[first]
        windows.append((first, first + 1))
        while (
            last + 1 < len(clips)
            and recording[last + 1] == recording[first]
            and total + seconds[last + 1] <= stretch_seconds
        ):
            last, total = last + 1, total + seconds[last + 1]
            windows.append((first, last + 1))
    windows = np.array(windows)[
        rng.permutation(len(windows))
    ]  # the first of equals wins: chance, fixed by the seed
    holds = running[windows[:, 1]] - running[windows[:, 0]]

    held, taken, chosen = np.zeros(len(names)), np.zeros(len(clips) + 1, dtype=int), []
    while held.sum() < target:
        busy = np.concatenate([[0], taken[:-1].cumsum()])
        free = (busy[windows[:, 1]] == busy[windows[:, 0]]) & (
            holds.sum(axis=1) <= target - held.sum()
        )
        after = held + holds
        cost = (np.square(after - quotas) / quotas).sum(axis=1)
        cost += 10 * ((after < 1) & (sizes >= _STRATUM)).sum(axis=1) + 100 * (
            after > np.maximum(1, sizes / 2)
        ).sum(axis=1)
        best = int(np.argmin(np.where(free, cost, np.inf)))
        first, end = windows[best]
        held, chosen = after[best], [*chosen, (int(first), int(end))]
        taken[first:end] = 1
    parts = [clips.iloc[first:end] for first, end in sorted(chosen)]
    names = ["source", "recording", "recording_sha256"]
    return [
        Stretch(
            *part.iloc[0][names],
            *(round(float(at), 3) for at in (part.start.min(), part.end.max())),
        )
        for part in parts
    ]
