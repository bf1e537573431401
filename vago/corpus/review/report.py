"""The report on a corpus: fate of every second, measures, best and worst clips, readings."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vago.corpus.corpus import HELD_OUT, TEST, VALIDATION, Corpus
from vago.corpus.corrections import read_corrections
from vago.corpus.fixes import BY_HAND, outcomes
from vago.corpus.measures import NUMBERS
from vago.corpus.review import ledger, plots
from vago.corpus.review.comparison import comparison_html
from vago.display import html
from vago.files import write_whole
from vago.paths import Paths
from vago.text import normalize

MEASURES = {"seconds": {"label": "length (s)", "better": None}, **NUMBERS}
PLACES = ("start", "end", "tokens")  # numbers that are no measures
SHOWN_READINGS = 25
END_CLIPS = 10
LONG_LISTS = 24  # the recordings of a source with more of them share one bar of the timeline


# Tables


def minutes(corpus: Corpus) -> pd.DataFrame:
    """Clips and minutes by source and category, with sums; clips of validation and test set too."""
    parts = (VALIDATION, TEST) if corpus.has_two_sets else (HELD_OUT,)
    table = []
    for source, clips in corpus.clips.groupby("source", sort=False):
        for category, own in clips.groupby("category"):
            table.append(_amount(source, category, own, parts))
        table.append(_amount(source, "all", clips, parts))
    table.append(_amount("all", "", corpus.clips, parts))
    return pd.DataFrame(table).set_index("source")


def _amount(
    source: str, category: str, clips: pd.DataFrame, parts: Sequence[str]
) -> dict[str, Any]:
    return {
        "source": source,
        "category": category,
        "clips": len(clips),
        "minutes": round(clips["seconds"].sum() / 60, 2),
        **{f"{part} clips": int((clips["part"] == part).sum()) for part in parts},
    }


def fate_minutes(timeline: pd.DataFrame) -> pd.DataFrame:
    """Minutes of all recordings: one row per fate and reason, one column per source, with sums."""
    label = _labels(timeline)
    table = timeline.assign(fate=label).pivot_table(
        index="fate", columns="source", values="seconds", aggfunc="sum", sort=False
    )

    order = label.drop_duplicates().sort_values(key=_rank)
    table = table.reindex(order).fillna(0.0) / 60
    table["all"] = table.sum(axis=1)
    table.loc["all"] = table.sum()
    return table.round(2)


def timeline_bars(timeline: pd.DataFrame) -> pd.DataFrame:
    """The timeline for `plots.timeline`: bar, start, end (s), label; equal neighbours are joined.

    Every recording has a bar. If a source has very many, such as clips that were cut elsewhere,
    they follow on one another in a single bar.
    """
    rows = timeline.assign(label=_labels(timeline))
    rows["bar"] = rows["source"] + "/" + rows["recording"]
    for source, part in rows.groupby("source", sort=False):
        count = part["recording"].nunique()
        if count > LONG_LISTS:
            ends = part["seconds"].cumsum()
            rows.loc[part.index, "start"] = ends - part["seconds"]
            rows.loc[part.index, "end"] = ends
            rows.loc[part.index, "bar"] = f"{source}: {count} recordings"

    rows = rows[rows["end"] > rows["start"]]
    changes = (rows[["label", "bar"]] != rows[["label", "bar"]].shift()).any(axis=1)
    joined = rows.groupby(changes.cumsum().to_numpy()).agg(
        {"bar": "first", "start": "min", "end": "max", "label": "first"}
    )
    return joined.reset_index(drop=True)


def _labels(timeline: pd.DataFrame) -> pd.Series:
    """Fate and reason in one: kept, rejected: too short, rejected by hand, unused: ..., pause."""
    reason = timeline["reason"].fillna("").astype(str)
    label = timeline["fate"].where(reason == "", timeline["fate"] + ": " + reason)
    return label.where(reason != BY_HAND, reason)


def _rank(labels: pd.Series) -> pd.Series:
    """Sort keys: kept first, pauses last."""
    return labels.map(lambda label: {"kept": "0", "pause": "2"}.get(label, "1" + label))


# Measures, and the best and the worst clips


def measured(table: pd.DataFrame) -> dict[str, str]:
    """{column: axis label} of all numbers in a `ledger.candidate_table`, known measures first."""
    numbers = [name for name in table if _is_number(table[name]) and table[name].notna().any()]
    known = {name: row["label"] for name, row in MEASURES.items() if name in numbers}
    others = [name for name in numbers if name not in MEASURES and name not in PLACES]
    return known | {name: name.replace("_", " ") for name in others}


def _is_number(column: pd.Series) -> bool:
    return ledger.column_kind(column) == "number"


def quality(kept: pd.DataFrame) -> pd.Series:
    """Rank of each kept clip, 0 (worst) to 1 (best): the lowest of its ranks in all measures.

    Ranks make decibels and shares comparable. The lowest counts, since one bad measure spoils a
    clip. The speaking rate is ranked by its distance from its source's median: a speaker
    who is far faster or slower than usual often reads something other than the text.
    """
    ranks = {}
    for name, row in MEASURES.items():
        if row["better"] is None or name not in kept or not _is_number(kept[name]):
            continue

        values = kept[name]
        if row["better"] < 0:
            values = -values
        elif row["better"] == 0:
            usual = kept.groupby("source")[name].transform("median")
            values = -(np.log(values.where(values > 0)) - np.log(usual)).abs()
        if values.nunique() > 1:
            ranks[name] = values.rank(pct=True, method="max")

    return pd.DataFrame(ranks, index=kept.index).min(axis=1).fillna(0.5)


def best_and_worst(
    table: pd.DataFrame, count: int = END_CLIPS
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The best of the kept clips, best first, and the worst, worst first, with their `quality`."""
    kept = table[table["fate"] == "kept"]
    kept = kept.assign(quality=quality(kept)).sort_values("quality", ascending=False, kind="stable")
    count = min(count, len(kept) // 2)
    return kept.head(count), kept.tail(count).iloc[::-1]


def titled_audio(corpus: Corpus, chosen: pd.DataFrame) -> list[tuple[str, np.ndarray, int]]:
    """(title, wav, rate) of clips, for players; the title has text and measures."""
    judged = [name for name, row in MEASURES.items() if row["better"] is not None]
    names = [name for name in judged if name in chosen and _is_number(chosen[name])]

    sounds = []
    for _, row in chosen.iterrows():
        values = ", ".join(_short(name, row[name]) for name in names if pd.notna(row[name]))
        title = f"{row['text']} ({row['candidate']}: {values})"
        sounds.append((title, *corpus.audio(row["clip_id"])))
    return sounds


def _short(name: str, value: float) -> str:
    """A measure with its name, without the unit: "snr 31"."""
    label = name.removesuffix("_db").removesuffix("_lufs").removesuffix("_hz").replace("_", " ")
    return f"{label} {value:.0f}" if abs(value) >= 100 else f"{label} {value:.2g}"


# Readings, and the page


def readings(clips: pd.DataFrame, most: int | None = SHOWN_READINGS) -> str:
    """HTML: how many texts change by normalization, and `most` of them with changes marked.

    Texts with a change that no earlier text has come first, so that the list shows all kinds.
    """
    new, repeated = [], []
    known: set[tuple[str, str]] = set()
    for clip in clips.itertuples():
        parts = normalize.changes(clip.written)
        changed = {(written, spoken) for written, spoken in parts if written != spoken}
        if changed:
            rows = repeated if changed <= known else new
            rows.append((clip.clip_id, html.marked_changes(parts)))
            known |= changed

    count = len(new) + len(repeated)
    shown = (new + repeated)[:most]
    title = (
        f"{count} of {len(clips)} texts are read differently from how they are written, "
        f"in {len(known)} different places"
    )
    if len(shown) < count:
        title += f"; {len(shown)} of them, each kind of change once before any repeats"

    body = "".join(
        f'<tr><td style="white-space:nowrap;text-align:left">{clip_id}</td>'
        f'<td style="text-align:left">{text}</td></tr>'
        for clip_id, text in shown
    )
    table = f"<table><tbody>{body}</tbody></table>"
    box = "max-height:44em;overflow:auto" if len(shown) > SHOWN_READINGS else ""
    return f'<p><b>{title}</b></p><div style="{box}">{table}</div>'


def write_report(corpus: Corpus, paths: Paths) -> Path:
    """Write report/corpus.html, a page that needs no other file; returns its path."""
    path = paths.report / "corpus.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, html.page(f"The corpus of {paths.home.name}", sections(corpus, paths)))
    return path


def sections(corpus: Corpus, paths: Paths) -> list[tuple[str, str]]:
    """(heading, HTML) of each part of the report; those on clips are missing where none is kept."""
    table = ledger.candidate_table(corpus, read_corrections(paths.corrections))
    rejected = table[table["fate"] != "kept"].set_index("candidate")
    by_hand = [f"<p>{escape(line)}</p>" for line in outcomes(paths.corrections, corpus.ledger)]

    found = []
    if len(corpus.timeline):
        bars = html.image_tag(plots.timeline(timeline_bars(corpus.timeline)))
        fates = html.table_html(fate_minutes(corpus.timeline), "Minutes")
        found.append(("The fate of every second", bars + fates))
    if texts := comparison_html(paths):
        found.append(("Given texts and the sound", texts))
    left_out = html.table_html(rejected[["reason", "detail", "start", "seconds", "text"]])
    found += [("What was left out", left_out), ("By hand", "".join(by_hand))]
    if corpus.clips.empty:
        return found

    kept = table[table["fate"] == "kept"]
    best, worst = best_and_worst(table)
    categories = html.image_tag(plots.categories(corpus.clips))
    histograms = html.image_tag(plots.histograms(kept, measured(kept)))
    return [
        ("How much there is", categories + html.table_html(minutes(corpus))),
        *found,
        ("What was measured", histograms),
        ("The best clips", html.players_html(titled_audio(corpus, best), small=True)),
        ("The worst of the kept clips", html.players_html(titled_audio(corpus, worst), small=True)),
        ("Read aloud", readings(corpus.clips, most=None)),
    ]
