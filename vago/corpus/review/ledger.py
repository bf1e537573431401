"""All candidates in one table, with what their clips have; filtered by any column; their audio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile

from vago import VagoError
from vago.audio import io
from vago.corpus.corpus import Corpus
from vago.corpus.corrections import Correction
from vago.corpus.fixes import fixes_of_ledger
from vago.files import expand_home

# text even if it looks like a number: a recording may be called 1985, a text may be "42"
TEXTS = ("candidate", "text", "written", "recording", "detail", "clip_id", "speaker")
HIDDEN = ("file", "sha256", "recording_sha256")
FIRST = ("candidate", "fate", "reason", "by_hand", "part", "source", "category", "seconds")
LAST = ("recording", "start", "end", "detail", "text", "written", "clip_id")
CHOICES = 16  # columns with more different values are searched instead of chosen from
EXCERPT_SECONDS = 30.0


def candidate_table(corpus: Corpus, corrections: Sequence[Correction] = ()) -> pd.DataFrame:
    """One row per candidate, kept or not, numbered from 0: its ledger row and its clip's columns.

    Args:
        corrections: `by_hand` names those that concern a candidate, applied already or not yet.

    Returns:
        DataFrame: FIRST, then all numbers and choices (columns without any value are left out),
        then LAST. `part` is training, validation or test; `rate` (characters
        per second) is always there.
    """
    clips = corpus.clips
    of_clips = [name for name in clips if name == "clip_id" or name not in corpus.ledger]
    table = corpus.ledger.reset_index(drop=True).merge(clips[of_clips], on="clip_id", how="left")
    table = table.drop(columns=[name for name in HIDDEN if name in table])

    for name in table.columns:
        table[name] = _typed(table[name])
    middle = [name for name in table if name not in FIRST + LAST]
    table = table.drop(columns=[name for name in middle if _is_empty(table[name])])

    if "rate" not in table:
        table["rate"] = table["text"].str.len() / table["seconds"].where(table["seconds"] > 0)
    table["by_hand"] = by_hand(table, corrections)

    middle = [name for name in table if name not in FIRST + LAST]
    return table[[*FIRST, *sorted(middle, key=lambda name: name in TEXTS), *LAST]]


def by_hand(table: pd.DataFrame, corrections: Sequence[Correction]) -> list[str]:
    """The actions of the corrections that concern each row, such as "reject, text"; often empty."""
    fixes = fixes_of_ledger(corrections, table)
    return [", ".join(c.action for c in (fix.fate, fix.text) if c) for fix in fixes]


def _typed(column: pd.Series) -> pd.Series:
    """Numbers if all values are numbers, yes or no for booleans, else text; empty if missing."""
    words = column.astype(object).where(column.notna(), "").astype(str)
    if column.name in TEXTS:
        return words

    there = words.str.strip() != ""
    if not there.any():
        return words
    if words[there].isin(["True", "False"]).all():
        return words.map({"True": "yes", "False": "no"}).fillna("")

    values = pd.to_numeric(words.where(there), errors="coerce").astype(float)
    return values if values[there].notna().all() else words


def _is_empty(column: pd.Series) -> bool:
    return bool((column.isna() | (column == "")).all())


def column_kind(column: pd.Series) -> str:
    """How a column is filtered: "number" by range, "choice" by value, "text" by a part of it."""
    if pd.api.types.is_numeric_dtype(column):
        return "number"
    if column.name not in TEXTS and column.nunique() <= CHOICES:
        return "choice"
    return "text"


def select(
    table: pd.DataFrame, wanted: Mapping[str, Any], sort: str = "", descending: bool = False
) -> pd.DataFrame:
    """The rows that pass all filters, in order; missing values come last.

    Args:
        wanted: {column: (low, high) of a number, value of a choice, or part of a text in any case}.
    """
    for name, value in wanted.items():
        kind = column_kind(table[name])
        if kind == "number":
            table = table[table[name].between(*value)]
        elif kind == "choice":
            table = table[table[name] == value]
        else:
            table = table[table[name].str.contains(value, case=False, regex=False)]
    if not sort:
        return table

    keys = table[sort]
    if column_kind(keys) != "number":
        keys = keys.astype(str).str.casefold()
    keys = keys.sort_values(ascending=not descending, kind="stable", na_position="last")
    return table.loc[keys.index]


def candidate_audio(corpus: Corpus, recordings_dir: Path, row: Any) -> tuple[np.ndarray, int]:
    """The clip's audio, or a rejected candidate's part of its recording.

    Args:
        row: of `candidate_table`.

    Returns:
        wav: (samples,) float32
        rate: in Hz

    Raises:
        VagoError: the recording is gone or cannot be read, or it ends before the candidate.
    """
    if row.clip_id:
        return corpus.audio(row.clip_id)

    folder = Path(recordings_dir) / expand_home(row.source)
    places = [folder / row.recording, *sorted(folder.rglob(row.recording))]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise VagoError(
            f"{row.recording} is not in {folder} any more: put it back to play {row.candidate}"
        )

    wav, rate = _excerpt(path, row.start, min(row.end, row.start + EXCERPT_SECONDS))
    if not len(wav):
        raise VagoError(
            f"{row.candidate} has no sound: {row.recording} holds nothing "
            f"from {row.start:.2f} to {row.end:.2f} s"
        )
    return wav, rate


def _excerpt(path: Path, start: float, end: float) -> tuple[np.ndarray, int]:
    """Mono audio from `start` to `end` seconds of a file."""
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            file.seek(min(file.frames, round(start * rate)))
            count = max(0, round((end - start) * rate))
            wav = file.read(count, dtype="float32", always_2d=True).mean(axis=1)
    except (soundfile.SoundFileError, RuntimeError):  # a format without seeking
        wav, rate = io.load(path)
        wav = wav[round(start * rate) : round(end * rate)]
    return wav, rate
