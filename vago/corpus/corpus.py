"""The clip table, the ledger of every candidate's fate, and the frozen held-out set: split, written and read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vago import VagoError, __version__
from vago.audio import io
from vago.corpus.held_out import AFRESH, Stretch, split_held_out
from vago.files import write_whole

__all__ = [
    "Corpus",
    "Stretch",
    "digest",
    "frozen_stretches",
    "read_held_out",
    "save",
    "split_held_out",
]

FORMAT = 1
# What was measured of a candidate; empty (NaN in memory) where it was not: see the table in `Corpus`.
MEASURES = "confidence heard_cer speaker_similarity snr_db clipped loudness_lufs bandwidth_hz background_db rate".split()
CLIP_COLUMNS = (
    "clip_id file source category recording start end seconds text written tokens sha256 speaker held_out "
    "transcribed denoised background"
).split() + MEASURES  # fmt: skip
LEDGER_COLUMNS = (
    "candidate source recording start end seconds text fate reason detail clip_id background".split()
    + MEASURES
)


@dataclass
class Corpus:
    """The clips of all sources. clips, ledger: one row per clip and per candidate; summary: corpus.json.

    Both hold what was measured of each candidate, NaN where it was not:

        confidence          mean probability of the recogniser's words, 0 to 1; recordings without a transcript
        heard_cer           character error rate between the text and what is heard when the clip is read again alone
        speaker_similarity  cosine of the clip's and the target speaker's embeddings
        snr_db              speech over the noise under it
        clipped             share of samples at full scale, as recorded
        loudness_lufs       as recorded, before the clips are brought to one loudness (EBU R 128)
        bandwidth_hz        up to where there is speech; a telephone's is 3400
        background_db       loudness of what sounds in the clip's pauses, relative to its speech; `background` says what it is:
                            quiet, noise, music or applause
        rate                characters of text a second

    and clips: `transcribed` (bool: the text is the recogniser's), `denoised` (bool).

    timeline: what became of every second of every recording that could be read: intervals that follow on one another from 0
    to its end, source, recording, start, end, seconds, and

        fate       kept (a clip; reason empty), rejected (reason: the ledger's), unused (speech in no candidate; reason: why)
                   or pause (nobody speaks)
        candidate  the ledger's row that has these seconds, empty for unused and pause. Where candidates overlap (a cue twice,
                   padding) each second counts once, for the clip kept before the candidate rejected.
    """

    root: Path
    clips: pd.DataFrame
    ledger: pd.DataFrame
    timeline: pd.DataFrame
    held_out: dict[str, Any]
    summary: dict[str, Any]

    @classmethod
    def load(cls, root: Path) -> Corpus:
        """Read a corpus; VagoError where it is missing, unfinished, or its files contradict each other."""
        root = Path(root)
        if not (root / "corpus.json").is_file():
            raise VagoError(f"no corpus in {root}: run 01_prepare_dataset first")
        try:
            summary = json.loads((root / "corpus.json").read_text(encoding="utf-8"))
            clips = _read_table(root / "clips.csv", CLIP_COLUMNS)
            ledger = _read_table(root / "ledger.csv", LEDGER_COLUMNS)
            clips = clips.astype({"start": float, "end": float, "seconds": float, "tokens": int})
            for name in ("held_out", "transcribed", "denoised"):
                clips[name] = clips[name] == "True"
            ledger = ledger.astype({"start": float, "end": float, "seconds": float})
            for name in MEASURES:
                clips[name], ledger[name] = pd.to_numeric(clips[name]), pd.to_numeric(ledger[name])
            fates = _read_table(root / "timeline.csv", COLUMNS)
            fates = fates.astype({"start": float, "end": float, "seconds": float})
            whole = digest(clips) == summary["sha256"]
        except (OSError, KeyError, ValueError) as error:
            raise VagoError(
                f"the corpus in {root} is torn ({error}): run 01_prepare_dataset again"
            ) from None
        held_out = read_held_out(root)
        chosen = clips[clips["held_out"]]
        agree = (
            held_out is not None
            and held_out["clips"] == _hashes(chosen)
            and held_out["sha256"] == _digest(chosen["sha256"])
        )
        if not whole or not agree:
            what = "corpus.json" if not whole else "held_out.json"
            raise VagoError(
                f"clips.csv and {what} in {root} do not belong together: run 01_prepare_dataset again"
            )
        missing = [file for file in clips["file"] if not (root / file).is_file()]
        if missing:
            raise VagoError(
                f"{root} lacks {len(missing)} of its clips, the first is {missing[0]}: run 01_prepare_dataset again"
            )
        return cls(root, clips, ledger, fates, held_out, summary)

    @property
    def digest(self) -> str:
        """Hash of every clip's sound and text."""
        return self.summary["sha256"]

    @property
    def held_out_clips(self) -> pd.DataFrame:
        return self.clips[self.clips["held_out"]].reset_index(drop=True)

    def training(self, sources: list[str]) -> pd.DataFrame:
        """The clips of `sources` that may be trained on."""
        unknown = sorted(set(sources) - set(self.clips["source"]))
        if unknown:
            known = ", ".join(dict.fromkeys(self.clips["source"]))
            raise VagoError(
                f"the corpus in {self.root} has no clips of source {unknown[0]!r}, it has {known}: mend `sources`"
            )
        return self.clips[~self.clips["held_out"] & self.clips["source"].isin(sources)].reset_index(
            drop=True
        )

    def seconds_per_character(self) -> tuple[float, float]:
        """1st and 99th percentile of the clips' seconds per character: outside of them, a sentence's length is odd."""
        low, high = np.percentile(self.clips.seconds / self.clips.text.str.len(), (1, 99))
        return float(low), float(high)

    def audio(self, clip_id: str) -> tuple[np.ndarray, int]:
        """(samples,) float32 and its rate of 22,050 Hz."""
        found = self.clips.loc[self.clips["clip_id"] == clip_id, "file"]
        if found.empty:
            raise VagoError(
                f"the corpus in {self.root} has no clip {clip_id!r}: its clips.csv lists those it has"
            )
        return io.load(self.root / found.iloc[0])


def save(
    root: Path,
    clips: pd.DataFrame,
    ledger: pd.DataFrame,
    stretches: list[Stretch],
    recordings: list[dict[str, Any]],
    parameters: dict[str, Any],
    place_clips: Callable[[], None] = lambda: None,
    fates: pd.DataFrame | None = None,
) -> Corpus:
    """Write the tables and, last of all, corpus.json, without which `Corpus.load` sees no corpus.

    Args:
        clips, ledger: CLIP_COLUMNS and LEDGER_COLUMNS; what was measured may be left out
        place_clips: brings the clip files to where the table says, between the taking away of the old corpus.json and the new
        fates: the timeline (see `timeline.account`); None: of a corpus without one
    """
    root = Path(root)
    root.mkdir(parents=True, exist_ok=True)
    unmeasured = {
        "transcribed": False,
        "denoised": False,
        "background": "",
        **dict.fromkeys(MEASURES, np.nan),
    }
    clips, ledger = (
        table.assign(**{name: value for name, value in unmeasured.items() if name not in table})[
            columns
        ].reset_index(drop=True)
        for table, columns in ((clips, CLIP_COLUMNS), (ledger, LEDGER_COLUMNS))
    )
    fates = pd.DataFrame(columns=COLUMNS) if fates is None else fates[COLUMNS]
    chosen = clips[clips["held_out"]]
    held_out = {
        "format": FORMAT,
        "stretches": [vars(stretch) for stretch in stretches],
        "clips": _hashes(chosen),
        "sha256": _digest(chosen["sha256"]),
    }
    rejected = ledger[ledger["fate"] == "rejected"]
    summary = {
        "format": FORMAT,
        "vago": __version__,
        "sha256": digest(clips),
        **_amount(clips),
        "held_out": {**_amount(chosen), "sha256": held_out["sha256"]},
        "sources": {
            source: {
                **_amount(rows),
                "categories": {name: _amount(part) for name, part in rows.groupby("category")},
            }
            for source, rows in clips.groupby("source", sort=False)
        },
        "candidates": len(ledger),
        "rejected": {
            reason: int(count)
            for reason, count in rejected["reason"].value_counts().sort_index().items()
        },
        "recordings": recordings,
        "parameters": parameters,
    }
    (root / "corpus.json").unlink(missing_ok=True)
    place_clips()
    write_whole(root / "clips.csv", _csv(clips))
    write_whole(root / "ledger.csv", _csv(ledger))
    write_whole(root / "timeline.csv", _csv(fates))
    write_whole(root / "held_out.json", _json(held_out))
    write_whole(root / "corpus.json", _json(summary))
    return Corpus.load(root)


def read_held_out(root: Path) -> dict[str, Any] | None:
    """held_out.json, None where there is none yet; VagoError where it cannot be read."""
    path = Path(root) / "held_out.json"
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        (
            [Stretch(**stretch) for stretch in content["stretches"]],
            content["clips"],
            content["sha256"],
        )
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}")
    except (ValueError, KeyError, TypeError) as error:
        raise VagoError(
            f"{path} cannot be read as a held-out set ({error}): bring it back from a copy, or {AFRESH}"
        ) from None
    return content


def frozen_stretches(root: Path) -> list[Stretch] | None:
    """The stretches an earlier run has frozen."""
    held_out = read_held_out(root)
    return None if held_out is None else [Stretch(**stretch) for stretch in held_out["stretches"]]


def digest(clips: pd.DataFrame) -> str:
    """Hash over every clip's sound and text, whatever their order."""
    return _digest(clips["sha256"] + " " + clips["text"])


def _digest(lines) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _hashes(clips: pd.DataFrame) -> list[dict[str, str]]:
    return clips[["clip_id", "sha256"]].to_dict("records")


def _amount(clips: pd.DataFrame) -> dict[str, Any]:
    return {"clips": len(clips), "minutes": round(float(clips["seconds"].sum()) / 60, 3)}


def _read_table(path: Path, columns: list[str]) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")[columns]


def _csv(table: pd.DataFrame) -> bytes:
    text = StringIO()
    table.to_csv(text, index=False, float_format="%.4f", lineterminator="\n")
    return text.getvalue().encode()


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


COLUMNS = "source recording start end seconds fate reason candidate".split()


_RANK = {"kept": 0, "rejected": 1, "unused": 2, "pause": 3}


def account(recordings: Iterable[dict[str, Any]], ledger: pd.DataFrame) -> pd.DataFrame:
    """Intervals that follow on one another from 0 to each recording's end; `corpus.Corpus` says what their columns mean.

    Args:
        recordings: source, recording, seconds and `speech`, (N, 2) seconds, of each one that could be read
        ledger: source, recording, start, end, fate, reason and candidate
    """
    rows: list[dict[str, Any]] = []
    groups = {key: part for key, part in ledger.groupby(["source", "recording"], sort=False)}
    seen = set()
    for one in recordings:
        key = (one["source"], one["recording"])
        if key in seen:  # a file that metadata.csv names twice
            continue
        seen.add(key)
        rows += _intervals(one, groups.get(key, ledger.iloc[:0]))
    return pd.DataFrame(rows, columns=COLUMNS)


def _intervals(one: dict[str, Any], part: pd.DataFrame) -> list[dict[str, Any]]:
    total = float(one["seconds"])
    spans = [(row.start, row.end, row.fate, row.reason, row.candidate) for row in part.itertuples()]
    spans += [(a, b, "unused", "in no candidate", "") for a, b in one["speech"]]
    spans = [(min(max(a, 0.0), total), min(max(b, 0.0), total), *rest) for a, b, *rest in spans]
    edges = sorted({0.0, total, *(at for a, b, *_ in spans if b > a for at in (a, b))})
    # of the spans over a moment the best fate wins, of equals the first
    order = sorted((span for span in spans if span[1] > span[0]), key=lambda span: _RANK[span[2]])
    owner = np.full(len(edges) - 1, -1)
    for number, (a, b, *_) in reversed(list(enumerate(order))):
        owner[np.searchsorted(edges, a) : np.searchsorted(edges, b)] = number
    found: list[dict[str, Any]] = []
    for k, (a, b) in enumerate(zip(edges, edges[1:])):
        fate, reason, candidate = order[owner[k]][2:] if owner[k] >= 0 else ("pause", "", "")
        if found and (found[-1]["fate"], found[-1]["reason"], found[-1]["candidate"]) == (
            fate,
            reason,
            candidate,
        ):
            found[-1]["end"] = b
            continue
        where = {"source": one["source"], "recording": one["recording"], "start": a, "end": b}
        found.append({**where, "fate": fate, "reason": reason, "candidate": candidate})
    return [{**row, "seconds": row["end"] - row["start"]} for row in found]
