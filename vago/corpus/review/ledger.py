"""The ledger as a table to work on: every candidate with all that is known of it, found by any column, and heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile

from vago import VagoError
from vago.audio import io
from vago.corpus import corrections
from vago.corpus.corpus import Corpus

# what is text whatever it looks like: a recording may be called 1985.wav, a text be a number
TEXTS = ("candidate", "text", "written", "recording", "detail", "clip_id", "speaker")
HIDDEN = ("file", "sha256", "recording_sha256", "held_out")
FIRST = ("candidate", "fate", "reason", "by_hand", "part", "source", "category", "seconds")
LAST = ("recording", "start", "end", "detail", "text", "written", "clip_id")
CHOICES = 16  # a column with more different values is searched, not chosen from
EXCERPT_SECONDS = 30.0


def rows(made: Corpus, fixed: Sequence[corrections.Correction] = ()) -> pd.DataFrame:
    """One row per candidate, kept or not, numbered from 0: the ledger's columns and those of the clip it became.

    Args:
        fixed: corrections; `by_hand` says which of them concern a candidate, applied already or at the next run

    Returns:
        DataFrame: FIRST, then whatever numbers and choices there are (a column without any value is left out), then LAST;
        `part` is training or held-out, and `rate`, in characters a second, is there in any case
    """
    clips = made.clips.rename(columns={"held_out": "part"})
    clips["part"] = np.where(made.clips["held_out"], "held-out", "training")
    extra = [name for name in clips if name == "clip_id" or name not in made.ledger]
    table = made.ledger.reset_index(drop=True).merge(clips[extra], on="clip_id", how="left")
    table = table.drop(columns=[name for name in HIDDEN if name in table])
    for name in table.columns:
        table[name] = _typed(name, table[name])
    empty = [
        name
        for name in table
        if name not in FIRST + LAST and (table[name].isna() | (table[name] == "")).all()
    ]
    table = table.drop(columns=empty)
    if "rate" not in table:
        table["rate"] = table["text"].str.len() / table["seconds"].where(table["seconds"] > 0)
    table["by_hand"] = decided(table, fixed)
    middle = [name for name in table if name not in FIRST + LAST]
    return table[[*FIRST, *sorted(middle, key=lambda name: name in TEXTS), *LAST]]


def decided(table: pd.DataFrame, fixed: Sequence[corrections.Correction]) -> list[str]:
    """What corrections do to each row: reject, restore, text, or a fate and a text; empty where they do nothing."""
    fixes = corrections.fixes_of_all(fixed, table)
    return [", ".join(c.action for c in (fix.fate, fix.text) if c) for fix in fixes]


def _typed(name: str, column: pd.Series) -> pd.Series:
    """Numbers as numbers where all there are can be read so; else text: empty where there is none, yes or no for a bool."""
    words = column.astype(object).where(column.notna(), "").astype(str)
    if name in TEXTS:
        return words
    there = words.str.strip() != ""
    if there.any() and words[there].isin(["True", "False"]).all():
        return words.map({"True": "yes", "False": "no"}).fillna("")
    values = pd.to_numeric(words.where(there), errors="coerce").astype(float)
    return values if there.any() and values[there].notna().all() else words


def kind(column: pd.Series) -> str:
    """How a column is filtered: "number" by range, "choice" by value, "text" by what it holds."""
    if pd.api.types.is_numeric_dtype(column):
        return "number"
    return "choice" if column.name not in TEXTS and column.nunique() <= CHOICES else "text"


def found(
    table: pd.DataFrame, wanted: Mapping[str, Any], sort: str = "", descending: bool = False
) -> pd.DataFrame:
    """The rows that pass every filter, in order; what a row lacks comes last.

    Args:
        wanted: {column: (low, high) of a number, one value of a choice, or part of a text, its case aside}
    """
    for name, value in wanted.items():
        how = kind(table[name])
        if how == "number":
            table = table[table[name].between(*value)]
        elif how == "choice":
            table = table[table[name] == value]
        else:
            table = table[table[name].str.contains(value, case=False, regex=False)]
    if not sort:
        return table
    by = table[sort] if kind(table[sort]) == "number" else table[sort].astype(str).str.casefold()
    return table.loc[
        by.sort_values(ascending=not descending, kind="stable", na_position="last").index
    ]


def sound(made: Corpus, recordings_dir: Path, row: Any) -> tuple[np.ndarray, int]:
    """A candidate's sound, (samples,) float32 and its rate: the clip, or for a rejected one the place in its recording.

    Raises:
        VagoError: the recording is gone or cannot be read, or the candidate is no stretch of it
    """
    if row.clip_id:
        return made.audio(row.clip_id)
    folder = Path(recordings_dir) / row.source
    path = next(
        (p for p in (folder / row.recording, *sorted(folder.rglob(row.recording))) if p.is_file()),
        None,
    )
    if path is None:
        raise VagoError(
            f"{row.recording} is not in {folder} any more: bring it back to hear {row.candidate}"
        )
    end = min(row.end, row.start + EXCERPT_SECONDS)
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            file.seek(min(file.frames, round(row.start * rate)))
            wav = file.read(
                max(0, round((end - row.start) * rate)), dtype="float32", always_2d=True
            ).mean(axis=1)
    except (soundfile.SoundFileError, RuntimeError):
        wav, rate = io.load(path)  # a format that libsndfile cannot read or seek in
        wav = wav[round(row.start * rate) : round(end * rate)]
    if not len(wav):
        raise VagoError(
            f"{row.candidate} has no sound: {row.recording} holds nothing from {row.start:.2f} to {row.end:.2f} s"
        )
    return wav, rate
