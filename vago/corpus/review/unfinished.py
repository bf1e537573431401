"""What there is to look at where 01 has cut the recordings and made no corpus of them."""

from __future__ import annotations

import shutil
from html import escape
from pathlib import Path

import pandas as pd

from vago.corpus.corpus import CLIP_COLUMNS, TRAINING, Corpus
from vago.corpus.review import report
from vago.corpus.writer import write_table
from vago.display import html
from vago.files import write_whole
from vago.paths import Paths


def write_unfinished(
    paths: Paths,
    clips: pd.DataFrame,
    ledger: pd.DataFrame,
    timeline: pd.DataFrame,
    folder: Path,
    why: str,
) -> Path:
    """Write ledger.csv, timeline.csv and the report; returns the report's path.

    Args:
        clips, ledger, timeline: as `writer.save_corpus` takes them; `clips` may be empty.
        folder: where the clips lie now, as <clip_id>.wav.
        why: the sentence that says why there is no corpus.
    """
    files = [f"{one}.wav" for one in clips.get("clip_id", [])]
    clips = clips.assign(file=files, part=TRAINING)
    if clips.empty:
        clips = pd.DataFrame(columns=CLIP_COLUMNS)
    cut = Corpus(folder, clips, ledger, timeline, held_out={}, summary={})

    paths.unfinished.mkdir(parents=True, exist_ok=True)
    write_table(paths.unfinished / "ledger.csv", ledger)
    write_table(paths.unfinished / "timeline.csv", timeline)

    amount = f"{len(clips)} of {len(ledger)} candidates would be kept."
    reason = f"<p>{escape(why)}</p><p>{amount}</p>"
    sections = [("Why there is no corpus yet", reason), *report.sections(cut, paths)]
    page = paths.unfinished / "corpus.html"
    write_whole(page, html.page(f"What was cut for {paths.home.name}", sections))
    return page


def remove_unfinished(paths: Paths) -> None:
    """Remove what an earlier run has left, once there is a corpus."""
    shutil.rmtree(paths.unfinished, ignore_errors=True)
