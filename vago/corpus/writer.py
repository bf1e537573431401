"""Write a corpus: clips.csv, ledger.csv, timeline.csv, held_out.json and corpus.json."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vago import __version__
from vago.corpus.corpus import (
    CLIP_COLUMNS,
    FORMAT,
    HELD_OUT_FORMAT,
    LEDGER_COLUMNS,
    TIMELINE_COLUMNS,
    TRAINING,
    Corpus,
    Stretch,
    clip_hashes,
    digest,
    held_out_digest,
)
from vago.corpus.measures import NUMBERS
from vago.files import write_whole


def save_corpus(
    root: Path,
    clips: pd.DataFrame,
    ledger: pd.DataFrame,
    stretches: list[Stretch],
    recordings: list[dict[str, Any]],
    parameters: dict[str, Any],
    place_clips: Callable[[], None] = lambda: None,
    timeline: pd.DataFrame | None = None,
) -> Corpus:
    """Write the tables and, last of all, corpus.json; without it `Corpus.load` finds no corpus.

    Args:
        clips, ledger: CLIP_COLUMNS and LEDGER_COLUMNS; measures and flags may be missing.
        place_clips: moves the clip files to the places that `clips` names. It is called when the
            old corpus.json has been removed and before the new one is written.
        timeline: see `timeline.account`; None: an empty one.
    """
    root = Path(root)
    root.mkdir(parents=True, exist_ok=True)
    clips = _completed(clips, [*CLIP_COLUMNS, *NUMBERS])
    ledger = _completed(ledger, [*LEDGER_COLUMNS, *NUMBERS])
    if timeline is None:
        timeline = pd.DataFrame(columns=TIMELINE_COLUMNS)
    timeline = timeline[TIMELINE_COLUMNS]

    chosen = clips[clips["part"] != TRAINING]
    held_out = {
        "format": HELD_OUT_FORMAT,
        "stretches": [vars(stretch) for stretch in stretches],
        "clips": clip_hashes(chosen),
        "sha256": held_out_digest(chosen),
    }
    rejected = ledger.loc[ledger["fate"] == "rejected", "reason"].value_counts().sort_index()
    summary = {
        "format": FORMAT,
        "vago": __version__,
        "sha256": digest(clips),
        **_amount(clips),
        "parts": {part: _amount(own) for part, own in clips.groupby("part")},
        "held_out_sha256": held_out["sha256"],
        "sources": _sources(clips),
        "candidates": len(ledger),
        "rejected": {reason: int(count) for reason, count in rejected.items()},
        "recordings": recordings,
        "parameters": parameters,
    }

    # corpus.json goes first and comes back last: a crash in between leaves no valid corpus
    (root / "corpus.json").unlink(missing_ok=True)
    place_clips()
    write_table(root / "clips.csv", clips)
    write_table(root / "ledger.csv", ledger)
    write_table(root / "timeline.csv", timeline)
    write_whole(root / "held_out.json", _json(held_out))
    write_whole(root / "corpus.json", _json(summary))
    return Corpus.load(root)


def _completed(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The table with these columns in this order; what was not measured gets its empty value."""
    empty = {"transcribed": False, "denoised": False, "background": ""}
    empty |= dict.fromkeys(NUMBERS, np.nan)
    missing = {name: value for name, value in empty.items() if name not in table}
    return table.assign(**missing)[columns].reset_index(drop=True)


def _sources(clips: pd.DataFrame) -> dict[str, Any]:
    """{source: its clips and minutes, and those of each category}."""
    found = {}
    for source, own in clips.groupby("source", sort=False):
        categories = {name: _amount(part) for name, part in own.groupby("category")}
        found[source] = {**_amount(own), "categories": categories}
    return found


def _amount(clips: pd.DataFrame) -> dict[str, Any]:
    return {"clips": len(clips), "minutes": round(float(clips["seconds"].sum()) / 60, 3)}


def write_table(path: Path, table: pd.DataFrame) -> None:
    """A table as a CSV file: numbers with four decimals, no index."""
    text = StringIO()
    table.to_csv(text, index=False, float_format="%.4f", lineterminator="\n")
    write_whole(path, text.getvalue().encode())


def _json(content: dict[str, Any]) -> bytes:
    """JSON in the order of `content`, for people to read."""
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()
