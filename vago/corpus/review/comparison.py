"""Given texts beside what ASR hears in their clips, for notebook 01 and the report."""

from __future__ import annotations

from html import escape
from statistics import median

import pandas as pd

from vago.corpus.verification import MAX_CLIP_CER, ComparedClip, TextComparison
from vago.display import html
from vago.paths import Paths

SHOWN_TEXTS = 20

EXPLAINED = (
    "A text that is not the one spoken has a character error rate (CER) of 0.7 and more in most "
    "cases. Right texts have 0.1 to 0.4 with Whisper base: the small model mishears some letters."
)


def comparison_html(paths: Paths) -> str:
    """HTML: each source's character error rate and the texts that differ most; or why not.

    Empty where no text was given.
    """
    compared = TextComparison.load(paths.comparison)
    if compared.why_not:
        return f"<p>Given texts were not compared with the sound: {escape(compared.why_not)}.</p>"
    if not compared.clips:
        return ""

    count = len(compared.clips)
    title = f"{count} given texts compared with what ASR ({compared.recogniser}) hears"
    worst = sorted(compared.clips, key=lambda clip: -clip.cer)[:SHOWN_TEXTS]
    shown = "Their texts" if count <= SHOWN_TEXTS else f"The {SHOWN_TEXTS} that differ most"
    return "".join(
        (
            html.table_html(source_table(compared), title),
            f"<p>{EXPLAINED}</p>",
            _warning(compared),
            html.table_html(text_table(worst), shown),
        )
    )


def source_table(compared: TextComparison) -> pd.DataFrame:
    """One row per source: how many clips were compared, and their character error rates."""
    rows = {}
    for source, clips in compared.sources().items():
        rates = [clip.cer for clip in clips]
        rows[source] = {
            "clips": len(clips),
            "median CER": round(median(rates), 2),
            "highest": round(max(rates), 2),
            f"over {MAX_CLIP_CER:g}": sum(clip.differs for clip in clips),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def text_table(clips: list[ComparedClip]) -> pd.DataFrame:
    """Given and heard text of each clip side by side."""
    rows = [
        {"clip": clip.clip_id, "CER": round(clip.cer, 2), "given": clip.given, "heard": clip.heard}
        for clip in clips
    ]
    return pd.DataFrame(rows).set_index("clip")


def _warning(compared: TextComparison) -> str:
    """A sentence on single clips that differ, though their source as a whole does not."""
    different = [clip for clip in compared.clips if clip.differs]
    if not different:
        return ""

    files = ", ".join(dict.fromkeys(clip.transcript for clip in different))
    return (
        f"<p><b>{len(different)} of them differ from what is heard</b>, in {escape(files)}. "
        "Listen to these clips; <code>verify_transcripts: all</code> compares every clip and "
        "rejects those whose text differs.</p>"
    )
