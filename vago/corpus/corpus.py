"""Read a corpus: its tables, the audio of its clips and its frozen validation and test sets.

The trainer reads its clips here, so this module and what it imports belong to the trainer's code
digest. `writer` writes a corpus, `held_out` draws the two sets, `review` shows it to people.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vago import VagoError
from vago.audio import io
from vago.files import sha256_of_text

FORMAT = 1  # of corpus.json

# held_out.json of format 1 has one set, which chooses the best weights and is reported as well
ONE_SET, HELD_OUT_FORMAT = 1, 2

# The part of a clip: trained on; chooses the best weights; scored by 05 alone; or, in corpora of
# held_out.json's format 1, both of the latter.
TRAINING, VALIDATION, TEST, HELD_OUT = "training", "validation", "test", "held-out"

REDRAW = "delete it to draw a new one; phases trained before cannot be compared with new ones then"

# what the tables begin with; further columns hold numbers, see `measures.Measures`
CLIP_COLUMNS = """
    clip_id file source category recording start end seconds text written tokens sha256 speaker
    part transcribed denoised background
""".split()
LEDGER_COLUMNS = """
    candidate source recording start end seconds text fate reason detail clip_id background
""".split()
TIMELINE_COLUMNS = "source recording start end seconds fate reason candidate".split()


@dataclass(frozen=True)
class Stretch:
    """Neighbouring held-out clips of one recording, from `start` to `end` seconds.

    The recording is identified by the hash of its audio, since files may be renamed. part: of
    these clips, VALIDATION or TEST, or HELD_OUT where one set is both.
    """

    source: str
    recording: str
    recording_sha256: str
    start: float
    end: float
    part: str = HELD_OUT


@dataclass
class Corpus:
    """The clips of all sources, as notebook 01 has left them.

    clips: one row per clip; `part`: TRAINING, VALIDATION, TEST or HELD_OUT; `transcribed` (bool):
    the text is the ASR's; `denoised` (bool).
    ledger: one row per candidate: its fate, and why it was rejected.
    Both hold what was measured, NaN where it was not: see `measures.Measures`.

    timeline: the fate of every second of every readable recording. Its intervals follow on one
    another from 0 to the recording's end: source, recording, start, end, seconds, and

        fate       kept (a clip; reason empty), rejected (reason: the ledger's), unused (speech that
                   belongs to no candidate) or pause (no speech)
        candidate  the row of the ledger that these seconds belong to; empty for unused and pause.
                   Where candidates overlap (a repeated cue, padding) each second counts once,
                   for a kept clip rather than a rejected candidate.

    held_out: held_out.json; summary: corpus.json.
    """

    root: Path
    clips: pd.DataFrame
    ledger: pd.DataFrame
    timeline: pd.DataFrame
    held_out: dict[str, Any]
    summary: dict[str, Any]

    @classmethod
    def load(cls, root: Path) -> Corpus:
        """Read a corpus. Raises VagoError if it is missing, incomplete, or its files disagree."""
        root = Path(root)
        if not (root / "corpus.json").is_file():
            raise VagoError(f"no corpus in {root}: run 01_prepare_dataset first")

        try:
            summary = json.loads((root / "corpus.json").read_text(encoding="utf-8"))
            clips = _read_clips(root / "clips.csv")
            ledger = _read_table(root / "ledger.csv", LEDGER_COLUMNS)
            timeline = _read_table(root / "timeline.csv", TIMELINE_COLUMNS)
            clips_match = digest(clips) == summary["sha256"]
        except (OSError, KeyError, ValueError) as error:
            raise VagoError(
                f"the corpus in {root} is damaged ({error}): run 01_prepare_dataset again"
            ) from None

        held_out = read_held_out(root)
        chosen = clips[clips["part"] != TRAINING]
        held_out_matches = (
            held_out is not None
            and held_out["clips"] == clip_hashes(chosen)
            and held_out["sha256"] == held_out_digest(chosen)
        )
        if not clips_match or not held_out_matches:
            other = "held_out.json" if clips_match else "corpus.json"
            raise VagoError(
                f"clips.csv and {other} in {root} do not belong together: "
                "run 01_prepare_dataset again"
            )

        missing = [file for file in clips["file"] if not (root / file).is_file()]
        if missing:
            raise VagoError(
                f"{root} lacks {len(missing)} of its clips, the first is {missing[0]}: "
                "run 01_prepare_dataset again"
            )
        return cls(root, clips, ledger, timeline, held_out, summary)

    @property
    def digest(self) -> str:
        """Hash of the audio and text of all clips."""
        return self.summary["sha256"]

    @property
    def has_two_sets(self) -> bool:
        """False in an older corpus, whose one held-out set is validation and test set in one."""
        return HELD_OUT not in set(self.clips["part"])

    @property
    def validation_clips(self) -> pd.DataFrame:
        """The clips that choose the best weights."""
        return self.clips[self.clips["part"].isin((VALIDATION, HELD_OUT))].reset_index(drop=True)

    @property
    def test_clips(self) -> pd.DataFrame:
        """The clips that notebook 05 scores, and nothing else."""
        return self.clips[self.clips["part"].isin((TEST, HELD_OUT))].reset_index(drop=True)

    def training(self, sources: list[str]) -> pd.DataFrame:
        """The training clips of `sources`, without those of the validation and test sets.

        Raises:
            VagoError: the corpus has no clips of one of the sources.
        """
        unknown = sorted(set(sources) - set(self.clips["source"]))
        if unknown:
            known = ", ".join(dict.fromkeys(self.clips["source"]))
            raise VagoError(
                f"the corpus in {self.root} has no clips of source {unknown[0]!r}, "
                f"only of {known}: fix `sources`"
            )

        wanted = (self.clips["part"] == TRAINING) & self.clips["source"].isin(sources)
        return self.clips[wanted].reset_index(drop=True)

    def seconds_per_character(self) -> tuple[float, float]:
        """1st and 99th percentile over the clips; a sentence outside is a duration outlier."""
        low, high = np.percentile(self.clips.seconds / self.clips.text.str.len(), (1, 99))
        return float(low), float(high)

    def audio(self, clip_id: str) -> tuple[np.ndarray, int]:
        """(samples,) float32 at 22,050 Hz, and that rate. Raises VagoError for an unknown clip."""
        found = self.clips.loc[self.clips["clip_id"] == clip_id, "file"]
        if found.empty:
            raise VagoError(
                f"the corpus in {self.root} has no clip {clip_id!r}: see the clip_ids in clips.csv"
            )
        return io.load(self.root / found.iloc[0])


def read_held_out(root: Path) -> dict[str, Any] | None:
    """The content of held_out.json, None if there is no such file; VagoError if it is not valid."""
    path = Path(root) / "held_out.json"
    if not path.is_file():
        return None

    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] not in (ONE_SET, HELD_OUT_FORMAT):
            raise ValueError(f"format {content['format']}")
        for stretch in content["stretches"]:
            if Stretch(**stretch).part not in (VALIDATION, TEST, HELD_OUT):
                raise ValueError(f"part {stretch['part']!r}")
        if not {"clips", "sha256"} <= content.keys():
            raise KeyError("clips, sha256")
        content["clips"] = [{"part": HELD_OUT} | clip for clip in content["clips"]]
    except (ValueError, KeyError, TypeError) as error:
        raise VagoError(
            f"{path} holds no valid validation and test sets ({error}): "
            f"restore it from a copy, or {REDRAW}"
        ) from None
    return content


def frozen_stretches(root: Path) -> list[Stretch] | None:
    """The held-out stretches that an earlier run has drawn, None before the first run."""
    held_out = read_held_out(root)
    if held_out is None:
        return None
    return [Stretch(**stretch) for stretch in held_out["stretches"]]


def digest(clips: pd.DataFrame) -> str:
    """Hash over the audio and text of all clips; their order does not matter."""
    return digest_of_lines(clips["sha256"] + " " + clips["text"])


def digest_of_lines(lines: Iterable[str]) -> str:
    """SHA-256 of lines in sorted order."""
    return sha256_of_text("\n".join(sorted(lines)))


def held_out_digest(clips: pd.DataFrame) -> str:
    """Hash over the audio of the validation and test clips, and over which set each belongs to."""
    if set(clips["part"]) == {HELD_OUT}:
        return digest_of_lines(clips["sha256"])  # as in format 1
    return digest_of_lines(clips["part"] + " " + clips["sha256"])


def clip_hashes(clips: pd.DataFrame) -> list[dict[str, str]]:
    """The clips as held_out.json lists them."""
    return clips[["clip_id", "sha256", "part"]].to_dict("records")


def _read_clips(path: Path) -> pd.DataFrame:
    clips = _read_table(path, CLIP_COLUMNS, _with_part).astype({"tokens": int})
    unknown = sorted({str(part) for part in clips["part"]} - {TRAINING, VALIDATION, TEST, HELD_OUT})
    if unknown:
        raise ValueError(f"{path.name} has a clip of part {unknown[0]!r}")

    for name in ("transcribed", "denoised"):
        clips[name] = clips[name] == "True"
    return clips


def _with_part(clips: pd.DataFrame) -> pd.DataFrame:
    """clips.csv as it is now; before there were two sets it had `held_out`, True or False."""
    if "part" in clips or "held_out" not in clips:
        return clips
    part = clips["held_out"].map({"True": HELD_OUT, "False": TRAINING})
    return clips.assign(held_out=part).rename(columns={"held_out": "part"})


def _read_table(
    path: Path,
    columns: list[str],
    renew: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table,
) -> pd.DataFrame:
    """A CSV file that begins with these columns; times and further columns are numbers.

    Args:
        renew: brings the table of an older version into today's form.
    """
    table = renew(pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8"))
    missing = [name for name in columns if name not in table]
    if missing:
        raise ValueError(f"{path.name} has no column {missing[0]}")

    table = table.astype({"start": float, "end": float, "seconds": float})
    for name in table.columns.difference(columns):
        table[name] = pd.to_numeric(table[name])
    return table
