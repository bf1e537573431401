"""Draw validation and test set: stretches of neighbours, stratified by source and category."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vago import VagoError
from vago.corpus.corpus import HELD_OUT, REDRAW, TEST, TRAINING, VALIDATION, Stretch

# a stratum (category of a source) with at least this many clips has one in each of the two sets
_LARGE_STRATUM = 8
FEWEST_CLIPS = 4  # one for each set, and two to train on


def draw_parts(
    clips: pd.DataFrame,
    fraction: float,
    min_clips: int,
    stretch_seconds: float,
    seed: int,
    frozen: list[Stretch] | None = None,
) -> tuple[np.ndarray, list[Stretch]]:
    """Choose the clips that are never trained on: stretches, which share little with the others.

    The validation set chooses the best weights, the test set is only reported.

    Args:
        clips: source, category, recording, recording_sha256, start, end and seconds of each clip.
        fraction, min_clips: of each of the two sets, see `set_size`.
        stretch_seconds: most speech in one stretch; less if the strata (source, category) need it.
        frozen: an earlier choice, which is kept: a clip belongs to the one that its middle is in.
            One of a single held-out set stays one, since its clips have chosen weights already.

    Returns:
        part: (clips,) of TRAINING, VALIDATION and TEST, or TRAINING and HELD_OUT
        stretches: the drawn or the frozen ones

    Raises:
        VagoError: too few clips, or the frozen stretches leave a part without any.
    """
    stretches = frozen
    if stretches is None:
        _check_enough(clips, fraction, min_clips)
        size = set_size(len(clips), fraction, min_clips)
        stretches = _draw(clips, size, stretch_seconds, np.random.default_rng(seed))

    middle = ((clips["start"] + clips["end"]) / 2).to_numpy()
    recording = clips["recording_sha256"].to_numpy()
    part = np.full(len(clips), TRAINING, dtype=object)
    for stretch in stretches:
        inside = (stretch.start <= middle) & (middle <= stretch.end)
        part[(recording == stretch.recording_sha256) & inside] = stretch.part

    one_set = any(stretch.part == HELD_OUT for stretch in stretches)
    for needed in (TRAINING, HELD_OUT) if one_set else (TRAINING, VALIDATION, TEST):
        if needed not in part:
            raise VagoError(
                f"the frozen sets (held_out.json, {len(stretches)} stretches) leave no {needed} "
                "clip in these recordings: bring back the recordings they were drawn from, "
                f"or {REDRAW}"
            )
    return part, stretches


def set_size(clips: int, fraction: float, min_clips: int) -> int:
    """How many clips each set has: their `fraction`, at least `min_clips`, a quarter at most.

    So half of a small corpus is left for training.
    """
    return min(_wanted(clips, fraction, min_clips), clips // 4)


def _wanted(clips: int, fraction: float, min_clips: int) -> int:
    return max(min_clips, round(fraction * clips))


def _check_enough(clips: pd.DataFrame, fraction: float, min_clips: int) -> None:
    """Raise VagoError where there are less than two clips for each that one set should have."""
    count = len(clips)
    wanted = _wanted(count, fraction, min_clips)
    needed = max(2 * wanted, FEWEST_CLIPS)
    if count >= needed:
        return

    mean = clips["seconds"].mean()
    verb = "1 clip is" if count == 1 else f"{count} clips are"
    fault = (
        f"{verb} too few for a validation and a test set of {wanted} each: {needed} are needed "
        f"({needed * mean / 60:.1f} minutes of speech in clips of {mean:.1f} s; a voice takes 15 "
        "minutes or more)"
    )
    if count >= FEWEST_CLIPS:
        raise VagoError(
            f"{fault}. Add recordings, or set held_out_min_clips to {count // 2}, "
            "though scores of so few clips say little"
        )
    raise VagoError(
        f"{fault}. Add recordings: one long one will do, since a recording without a transcript "
        "is cut into clips at its pauses. Without any fine-tuning, `vago run PROFILE --only 06 "
        "-p phase base -p reference FILE` lets the base speak in the voice of a short recording"
    )


def _draw(
    clips: pd.DataFrame, target: int, stretch_seconds: float, rng: np.random.Generator
) -> list[Stretch]:
    """Both sets of `target` clips, one after the other.

    Greedily take the stretch that brings the strata closest to their quotas.
    """
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

    taken = np.zeros(len(clips), dtype=int)
    chosen = []
    for part in (VALIDATION, TEST):
        elsewhere = np.bincount(strata, taken, minlength=len(names))
        held = np.zeros(len(names))
        while held.sum() < target:
            taken_before = np.concatenate([[0], taken.cumsum()])
            overlaps = taken_before[end] != taken_before[first]
            free = ~overlaps & (counts.sum(axis=1) <= target - held.sum())

            after = held + counts
            cost = (np.square(after - quotas) / quotas).sum(axis=1)
            without_any = ((after < 1) & large).sum(axis=1)
            over_half = (after + elsewhere > np.maximum(1, sizes / 2)).sum(axis=1)
            cost += 10 * without_any + 100 * over_half

            best = int(np.argmin(np.where(free, cost, np.inf)))
            held = after[best]
            taken[first[best] : end[best]] = 1
            chosen.append((int(first[best]), int(end[best]), part))

    return [_stretch(clips.iloc[a:b], part) for a, b, part in sorted(chosen)]


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


def _stretch(clips: pd.DataFrame, part: str) -> Stretch:
    """The stretch from the start of the first to the end of the last of these clips."""
    row = clips.iloc[0]
    start = round(float(clips["start"].min()), 3)
    end = round(float(clips["end"].max()), 3)
    return Stretch(row["source"], row["recording"], row["recording_sha256"], start, end, part)
