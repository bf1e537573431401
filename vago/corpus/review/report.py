"""The corpus in one page: minutes, the fate of every second, what was measured, what was read how, and clips to hear."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

from vago.corpus import corrections
from vago.corpus.corpus import Corpus
from vago.corpus.review import ledger, plots
from vago.display import html
from vago.files import write_whole
from vago.paths import Paths
from vago.text import normalize

# measure -> its axis, and whether more (1) or less (-1) of it is better; 0: neither, the middle of the source is
MEASURES = {
    "seconds": ("length (s)", None),
    "loudness_lufs": ("loudness as recorded (LUFS)", None),
    "snr_db": ("signal-to-noise ratio (dB)", 1),
    "speaker_similarity": ("similarity to the speaker", 1),
    "rate": ("rate (characters a second)", 0),
    "confidence": ("recogniser's confidence", 1),
    "heard_cer": ("character error rate, read again", -1),
    "bandwidth_hz": ("bandwidth (Hz)", 1),
    "background_db": ("background under the speech (dB)", -1),
    "clipped": ("clipped share of samples", -1),
}
SHOWN_READINGS = 25
END_CLIPS = 10
LONG_LISTS = 24  # a source with more recordings than this has them end to end in one bar


def minutes(made: Corpus) -> pd.DataFrame:
    """Clips and minutes, the held-out ones apart, by source and category, with sums."""
    table = []
    for source, clips in made.clips.groupby("source", sort=False):
        table += [_amount(source, category, part) for category, part in clips.groupby("category")]
        table.append(_amount(source, "all", clips))
    table.append(_amount("all", "", made.clips))
    return pd.DataFrame(table).set_index("source")


def _amount(source: str, category: str, clips: pd.DataFrame) -> dict:
    held_out = clips[clips["held_out"]]
    return {
        "source": source,
        "category": category,
        "clips": len(clips),
        "minutes": round(clips["seconds"].sum() / 60, 2),
        "held-out clips": len(held_out),
        "held-out minutes": round(held_out["seconds"].sum() / 60, 2),
    }


def fates(timeline: pd.DataFrame) -> pd.DataFrame:
    """Every second of every recording once, in minutes: fates and reasons down, sources across, with sums."""
    label = _labels(timeline)
    table = timeline.assign(fate=label).pivot_table(
        index="fate", columns="source", values="seconds", aggfunc="sum", sort=False
    )
    table = table.reindex(label.drop_duplicates().sort_values(key=_rank)).fillna(0.0) / 60
    table["all"] = table.sum(axis=1)
    table.loc["all"] = table.sum()
    return table.round(2)


def bars(timeline: pd.DataFrame) -> pd.DataFrame:
    """The timeline as `plot.timeline` draws it: bar, start, end in seconds and label; neighbours of one label are one stretch.

    A source of many short recordings (clips that were cut elsewhere) has them end to end in one bar.
    """
    rows = timeline.assign(label=_labels(timeline))
    rows["bar"] = rows["source"] + "/" + rows["recording"]
    for source, part in rows.groupby("source", sort=False):
        count = part["recording"].nunique()
        if count > LONG_LISTS:
            ends = part["seconds"].cumsum()
            rows.loc[part.index, "start"], rows.loc[part.index, "end"] = (
                ends - part["seconds"],
                ends,
            )
            rows.loc[part.index, "bar"] = f"{source}: {count} recordings"
    rows = rows[rows["end"] > rows["start"]]
    new = (rows["label"] != rows["label"].shift()) | (rows["bar"] != rows["bar"].shift())
    stretches = rows.groupby(new.cumsum().to_numpy())
    return stretches.agg(
        {"bar": "first", "start": "min", "end": "max", "label": "first"}
    ).reset_index(drop=True)


def _labels(timeline: pd.DataFrame) -> pd.Series:
    """kept, rejected: too short, rejected by hand, unused: ..., pause."""
    reason = timeline["reason"].fillna("").astype(str)
    label = timeline["fate"].where(reason == "", timeline["fate"] + ": " + reason)
    return label.where(reason != corrections.BY_HAND, reason)


def _rank(labels: pd.Series) -> pd.Series:
    """Kept first, pauses last."""
    return labels.map(lambda label: {"kept": "0", "pause": "2"}.get(label, "1" + label))


def measured(table: pd.DataFrame) -> dict[str, str]:
    """{column: its axis} of the numbers there are in a table of `ledger.rows`: the known first, others by their own name."""
    numbers = [
        name for name in table if ledger.kind(table[name]) == "number" and table[name].notna().any()
    ]
    others = [
        name for name in numbers if name not in MEASURES and name not in ("start", "end", "tokens")
    ]
    return {
        name: MEASURES.get(name, (name.replace("_", " "),))[0]
        for name in [*MEASURES, *others]
        if name in numbers
    }


def quality(kept: pd.DataFrame) -> pd.Series:
    """0 to 1 for each row of `ledger.rows` that was kept: its lowest rank among all in the measures that have a better end.

    Ranks, so that decibels and shares count alike; the lowest, for a clip is as good as the worst about it. The rate counts by
    its distance from its source's median: who reads far faster or slower than usual often reads something else than the text.
    """
    ranks = {}
    for name, (_, better) in MEASURES.items():
        if better is None or name not in kept or ledger.kind(kept[name]) != "number":
            continue
        values = kept[name]
        if better == 0:
            values = -(
                np.log(values.where(values > 0))
                - np.log(kept.groupby("source")[name].transform("median"))
            ).abs()
        values = values * (better or 1)
        if values.nunique() > 1:
            ranks[name] = values.rank(pct=True, method="max")
    return pd.DataFrame(ranks, index=kept.index).min(axis=1).fillna(0.5)


def ends(table: pd.DataFrame, count: int = END_CLIPS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The best and the worst of the kept clips, each from its end on, with their `quality`."""
    kept = table[table["fate"] == "kept"]
    kept = kept.assign(quality=quality(kept)).sort_values("quality", ascending=False, kind="stable")
    count = min(count, len(kept) // 2)
    return kept.head(count), kept.tail(count).iloc[::-1]


def heard(made: Corpus, chosen: pd.DataFrame) -> list[tuple[str, np.ndarray, int]]:
    """(title, wav, rate) of clips; the title has what was measured."""
    judged = [name for name, (_, better) in MEASURES.items() if better is not None]
    names = [name for name in judged if name in chosen and ledger.kind(chosen[name]) == "number"]
    sounds = []
    for row in chosen.itertuples():
        known = [
            _short(name, getattr(row, name))
            for name in names
            if getattr(row, name) == getattr(row, name)
        ]
        sounds.append(
            (f"{row.text} ({row.candidate}: {', '.join(known)})", *made.audio(row.clip_id))
        )
    return sounds


def _short(name: str, value: float) -> str:
    label = name.removesuffix("_db").removesuffix("_lufs").removesuffix("_hz").replace("_", " ")
    return f"{label} {value:.0f}" if abs(value) >= 100 else f"{label} {value:.2g}"


def readings(clips: pd.DataFrame, most: int | None = SHOWN_READINGS) -> str:
    """HTML: how many texts are read otherwise than they are written, and the first of them with what changes marked.

    Texts that change something no text before them changed come first, so that `most` of them show what there is.
    """
    rows, known = [[], []], set()
    for clip in clips.itertuples():
        parts = normalize.changes(clip.written)
        new = {part for part in parts if part[0] != part[1]}
        if new:
            rows[new <= known].append({"clip": clip.clip_id, "text": html.marked(parts)})
            known |= new
    chosen = (rows[0] + rows[1])[:most]
    count = len(rows[0]) + len(rows[1])
    said = f"{count} of {len(clips)} texts are read otherwise than they are written, in {len(known)} different places"
    more = (
        f"; {len(chosen)} of them, each kind of change once before any comes again"
        if len(chosen) < count
        else ""
    )
    body = "".join(
        f'<tr><td style="white-space:nowrap;text-align:left">{row["clip"]}</td>'
        f'<td style="text-align:left">{row["text"]}</td></tr>'
        for row in chosen
    )
    return f'<p><b>{said}{more}</b></p><div style="max-height:26em;overflow:auto"><table><tbody>{body}</tbody></table></div>'


def write(made: Corpus, paths: Paths) -> Path:
    """The page that needs no other file, report/corpus.html; its path."""
    table = ledger.rows(made, corrections.read(paths.corrections))
    kept, out = (
        table[table["fate"] == "kept"],
        table[table["fate"] != "kept"].set_index("candidate"),
    )
    best, worst = ends(table)
    seconds = html.image_tag(plots.timeline(bars(made.timeline)), "one bar for each recording")
    sections = [
        (
            "How much there is",
            html.image_tag(plots.categories(made.clips), "minutes by category")
            + html.table(minutes(made)),
        ),
        ("The fate of every second", seconds + html.table(fates(made.timeline), "Minutes")),
        ("What was left out", html.table(out[["reason", "detail", "start", "seconds", "text"]])),
        (
            "By hand",
            "".join(
                f"<p>{escape(line)}</p>"
                for line in corrections.told(paths.corrections, made.ledger)
            ),
        ),
        ("What was measured", html.image_tag(plots.measures(kept, measured(kept)), "histograms")),
        ("The best clips", html.players(heard(made, best), small=True)),
        ("The worst of those that were kept", html.players(heard(made, worst), small=True)),
        ("Read aloud", readings(made.clips, most=None)),
    ]
    path = paths.report / "corpus.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, html.whole(f"The corpus of {paths.home.name}", sections))
    return path
