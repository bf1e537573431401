"""Draw the held-out set: stretches of neighbouring clips, stratified by source and category."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vago import VagoError
from vago.corpus.corpus import REDRAW, Stretch

# a stratum (category of a source) with at least this many clips has one in the held-out set
_LARGE_STRATUM = 8


def split_held_out(
    clips: pd.DataFrame,
    fraction: float,
    min_clips: int,
    stretch_seconds: float,
    seed: int,
    frozen: list[Stretch] | None = None,
) -> tuple[np.ndarray, list[Stretch]]:
    """Choose the clips that are never trained on: stretches, which share little with the others.

    Args:
        clips: source, category, recording, recording_sha256, start, end and seconds of each clip.
        fraction: share of the clips; at least `min_clips`.
        stretch_seconds: most speech in one stretch; less if the strata (source, category) need it.
        frozen: an earlier choice, which is kept: held out is a clip whose middle is in one of them.

    Returns:
        mask: (clips,) bool
        stretches: the drawn or the frozen ones

    Raises:
        VagoError: too few clips to split, or the frozen stretches cover none or all of them.
    """
    stretches = frozen
    if stretches is None:
        target = max(min_clips, round(fraction * len(clips)))
        if 2 * target > len(clips):
            raise VagoError(
                f"{len(clips)} clips are too few to hold {target} of them out: "
                "add recordings, or lower held_out_min_clips"
            )
        stretches = _draw(clips, target, stretch_seconds, np.random.default_rng(seed))

    middle = ((clips["start"] + clips["end"]) / 2).to_numpy()
    recording = clips["recording_sha256"].to_numpy()
    mask = np.zeros(len(clips), dtype=bool)
    for stretch in stretches:
        inside = (stretch.start <= middle) & (middle <= stretch.end)
        mask |= (recording == stretch.recording_sha256) & inside

    if not mask.any() or mask.all():
        share = "every" if mask.any() else "no"
        raise VagoError(
            f"the frozen held-out set (held_out.json, {len(stretches)} stretches) covers {share} "
            "clip of these recordings: bring back the recordings it was drawn from, "
            f"or {REDRAW}"
        )
    return mask, stretches


def _draw(
    clips: pd.DataFrame, target: int, stretch_seconds: float, rng: np.random.Generator
) -> list[Stretch]:
    """Greedily take the stretch that brings the strata closest to their quotas, until `target`."""
    clips = clips.sort_values(["source", "recording", "start"], kind="stable")
    clips = clips.reset_index(drop=True)

    strata, names = pd.factorize(clips["source"] + "\0" + clips["category"])
    sizes = np.bincount(strata, minlength=len(names)).astype(float)
    large = sizes >= _LARGE_STRATUM
    quotas = target * sizes / len(clips)
    quotas = np.where(large, np.maximum(1.0, quotas), quotas)

    # windows in random order, since the first of equally good ones is taken
    windows = _windows(clips, stretch_seconds)
    windows = windows[rng.permutation(len(windows))]
    first, end = windows.T
    one_hot = np.zeros((len(clips) + 1, len(names)))
    one_hot[np.arange(1, len(clips) + 1), strata] = 1
    running = one_hot.cumsum(axis=0)
    counts = running[end] - running[first]  # (windows, strata) clips

    held = np.zeros(len(names))
    taken = np.zeros(len(clips), dtype=int)
    chosen = []
    while held.sum() < target:
        taken_before = np.concatenate([[0], taken.cumsum()])
        overlaps = taken_before[end] != taken_before[first]
        free = ~overlaps & (counts.sum(axis=1) <= target - held.sum())

        after = held + counts
        cost = (np.square(after - quotas) / quotas).sum(axis=1)
        without_any = ((after < 1) & large).sum(axis=1)
        over_half = (after > np.maximum(1, sizes / 2)).sum(axis=1)
        cost += 10 * without_any + 100 * over_half

        best = int(np.argmin(np.where(free, cost, np.inf)))
        held = after[best]
        taken[first[best] : end[best]] = 1
        chosen.append((int(first[best]), int(end[best])))

    return [_stretch(clips.iloc[a:b]) for a, b in sorted(chosen)]


def _windows(clips: pd.DataFrame, longest: float) -> np.ndarray:
    """(N, 2) first and end index of each clip and of each run of neighbours up to `longest` s."""
    recording, _ = pd.factorize(clips["source"] + "\0" + clips["recording"])
    seconds = clips["seconds"].to_numpy()

    windows = []
    for first in range(len(clips)):
        total = seconds[first]
        windows.append((first, first + 1))
        for last in range(first + 1, len(clips)):
            total += seconds[last]
            if recording[last] != recording[first] or total > longest:
                break
            windows.append((first, last + 1))
    return np.array(windows)


def _stretch(part: pd.DataFrame) -> Stretch:
    """The stretch from the start of the first to the end of the last of these clips."""
    row = part.iloc[0]
    start = round(float(part["start"].min()), 3)
    end = round(float(part["end"].max()), 3)
    return Stretch(row["source"], row["recording"], row["recording_sha256"], start, end)
