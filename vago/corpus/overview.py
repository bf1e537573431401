"""How much there is, in words, as a notebook says it of the profile's own clips."""

from __future__ import annotations

import pandas as pd

from vago.corpus.corpus import Corpus


def amounts(clips: pd.DataFrame) -> str:
    """Clips and minutes, with each source's part where there are several.

    "80 clips of quiz, 14.78 min", or "311 clips, 39.57 min: 80 of quiz (14.78 min), 231 of
    interview (24.79 min)".
    """
    parts = list(clips.groupby("source", sort=False))
    if not parts:
        return "no clips"
    if len(parts) == 1:
        return f"{_counted(clips)} of {parts[0][0]}, {_minutes(clips)}"

    shares = ", ".join(f"{len(part)} of {name} ({_minutes(part)})" for name, part in parts)
    return f"{_counted(clips)}, {_minutes(clips)}: {shares}"


def validation_and_test(corpus: Corpus) -> str:
    """What is never trained on: two sets, or in an older corpus one that has both jobs."""
    if corpus.has_two_sets:
        return (
            f"validation set (chooses the best weights): {amounts(corpus.validation_clips)}\n"
            f"test set (scored by 05 alone): {amounts(corpus.test_clips)}{_smaller(corpus)}"
        )
    return (
        f"held-out set: {amounts(corpus.test_clips)}. This older corpus has one set, which chooses "
        f"the best weights and is reported as well, so scores are a little too good; for two sets, "
        f"delete held_out.json beside clips.csv, run 01 again and train again"
    )


def _smaller(corpus: Corpus) -> str:
    """A line where a set is smaller than wished for; scores of so few clips say little."""
    wanted = corpus.summary["parameters"].get("held_out_min_clips", 0)
    if min(len(corpus.validation_clips), len(corpus.test_clips)) >= wanted:
        return ""
    return (
        f"\nEach should have {wanted} clips (held_out_min_clips), but half of the "
        f"{len(corpus.clips)} clips are kept for training: scores of so few clips vary by chance; "
        "more recordings help. Then delete held_out.json beside clips.csv to draw larger sets."
    )


def _counted(clips: pd.DataFrame) -> str:
    return "1 clip" if len(clips) == 1 else f"{len(clips)} clips"


def _minutes(clips: pd.DataFrame) -> str:
    return f"{clips['seconds'].sum() / 60:.2f} min"
