"""The clip table, the ledger of every candidate's fate, and the frozen held-out set: split, written and read."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vago import VagoError, __version__, audio
from vago.paths import write_whole

FORMAT = 1
CLIP_COLUMNS = "clip_id file source category recording start end seconds text written tokens sha256 speaker held_out".split()
LEDGER_COLUMNS = "candidate source recording start end seconds text fate reason detail clip_id".split()
_AFRESH = "delete it to draw a new one, after which phases trained before cannot be compared with new ones"
_STRATUM = 8  # a source's category with at least so many clips has one in the held-out set


@dataclass
class Corpus:
    """The clips of all sources. clips, ledger: one row per clip and per candidate; summary: corpus.json."""

    root: Path
    clips: pd.DataFrame
    ledger: pd.DataFrame
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
            clips["held_out"] = clips["held_out"] == "True"
            ledger = ledger.astype({"start": float, "end": float, "seconds": float})
            whole = digest(clips) == summary["sha256"]
        except (OSError, KeyError, ValueError) as error:
            raise VagoError(f"the corpus in {root} is torn ({error}): run 01_prepare_dataset again") from None
        held_out = read_held_out(root)
        chosen = clips[clips["held_out"]]
        agree = held_out is not None and held_out["clips"] == _hashes(chosen) and held_out["sha256"] == _digest(chosen["sha256"])
        if not whole or not agree:
            what = "corpus.json" if not whole else "held_out.json"
            raise VagoError(f"clips.csv and {what} in {root} do not belong together: run 01_prepare_dataset again")
        missing = [file for file in clips["file"] if not (root / file).is_file()]
        if missing:
            raise VagoError(f"{root} lacks {len(missing)} of its clips, the first is {missing[0]}: run 01_prepare_dataset again")
        return cls(root, clips, ledger, held_out, summary)

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
            raise VagoError(f"the corpus in {self.root} has no clips of source {unknown[0]!r}, it has {known}: mend `sources`")
        return self.clips[~self.clips["held_out"] & self.clips["source"].isin(sources)].reset_index(drop=True)

    def audio(self, clip_id: str) -> tuple[np.ndarray, int]:
        """(samples,) float32 and its rate of 22,050 Hz."""
        found = self.clips.loc[self.clips["clip_id"] == clip_id, "file"]
        if found.empty:
            raise VagoError(f"the corpus in {self.root} has no clip {clip_id!r}: its clips.csv lists those it has")
        return audio.load(self.root / found.iloc[0])


@dataclass(frozen=True)
class Stretch:
    """Neighbouring clips of one recording: from `start` to `end` seconds. The recording is known by its sound, not its name."""

    source: str
    recording: str
    recording_sha256: str
    start: float
    end: float


def split_held_out(
    clips: pd.DataFrame,
    fraction: float,
    min_clips: int,
    stretch_seconds: float,
    seed: int,
    frozen: list[Stretch] | None = None,
) -> tuple[np.ndarray, list[Stretch]]:
    """Choose the clips that are never trained on: stretches of neighbours, so that they share little with the training clips.

    Args:
        clips: source, category, recording, recording_sha256, start, end and seconds of each clip
        fraction: share of the clips; at least `min_clips`
        stretch_seconds: most speech in one stretch; stretches are shorter where the strata (source, category) need it
        frozen: an earlier choice, which stands: a clip is held out where its middle lies in one of these stretches

    Returns:
        mask: (clips,) bool
        stretches: those drawn, or the frozen ones

    Raises:
        VagoError: too few clips to split, or no frozen stretch fits any clip
    """
    if frozen is None:
        target = max(min_clips, round(fraction * len(clips)))
        if 2 * target > len(clips):
            raise VagoError(
                f"{len(clips)} clips are too few to hold {target} of them out: bring more recordings, or lower held_out_min_clips"
            )
        stretches = _draw(clips, target, stretch_seconds, np.random.default_rng(seed))
    else:
        stretches = frozen
    middle = ((clips["start"] + clips["end"]) / 2).to_numpy()
    recording = clips["recording_sha256"].to_numpy()
    mask = np.zeros(len(clips), dtype=bool)
    for stretch in stretches:
        mask |= (recording == stretch.recording_sha256) & (stretch.start <= middle) & (middle <= stretch.end)
    if not mask.any() or mask.all():
        share = "every" if mask.any() else "no"
        raise VagoError(
            f"the frozen held-out set (held_out.json, {len(stretches)} stretches) covers {share} clip of these recordings: bring "
            f"back the recordings it was drawn from, or {_AFRESH}"
        )
    return mask, stretches


def _draw(clips: pd.DataFrame, target: int, stretch_seconds: float, rng: np.random.Generator) -> list[Stretch]:
    """Take greedily the stretch that brings the strata nearest to their quotas, until `target` clips are held out."""
    clips = clips.sort_values(["source", "recording", "start"], kind="stable").reset_index(drop=True)
    strata, names = pd.factorize(clips["source"] + "\0" + clips["category"])
    sizes = np.bincount(strata, minlength=len(names)).astype(float)
    quotas = np.where(sizes >= _STRATUM, np.maximum(1.0, target * sizes / len(clips)), target * sizes / len(clips))
    one_hot = np.zeros((len(clips) + 1, len(names)))
    one_hot[np.arange(1, len(clips) + 1), strata] = 1
    running = one_hot.cumsum(axis=0)

    recording, seconds = pd.factorize(clips["source"] + "\0" + clips["recording"])[0], clips["seconds"].to_numpy()
    windows = []
    for first in range(len(clips)):
        last, total = first, seconds[first]
        windows.append((first, first + 1))
        while last + 1 < len(clips) and recording[last + 1] == recording[first] and total + seconds[last + 1] <= stretch_seconds:
            last, total = last + 1, total + seconds[last + 1]
            windows.append((first, last + 1))
    windows = np.array(windows)[rng.permutation(len(windows))]  # the first of equals wins: chance, fixed by the seed
    holds = running[windows[:, 1]] - running[windows[:, 0]]

    held, taken, chosen = np.zeros(len(names)), np.zeros(len(clips) + 1, dtype=int), []
    while held.sum() < target:
        busy = np.concatenate([[0], taken[:-1].cumsum()])
        free = (busy[windows[:, 1]] == busy[windows[:, 0]]) & (holds.sum(axis=1) <= target - held.sum())
        after = held + holds
        cost = (np.square(after - quotas) / quotas).sum(axis=1)
        cost += 10 * ((after < 1) & (sizes >= _STRATUM)).sum(axis=1) + 100 * (after > np.maximum(1, sizes / 2)).sum(axis=1)
        best = int(np.argmin(np.where(free, cost, np.inf)))
        first, end = windows[best]
        held, chosen = after[best], [*chosen, (int(first), int(end))]
        taken[first:end] = 1
    parts = [clips.iloc[first:end] for first, end in sorted(chosen)]
    names = ["source", "recording", "recording_sha256"]
    return [Stretch(*part.iloc[0][names], *(round(float(at), 3) for at in (part.start.min(), part.end.max()))) for part in parts]


def save(
    root: Path,
    clips: pd.DataFrame,
    ledger: pd.DataFrame,
    stretches: list[Stretch],
    recordings: list[dict[str, Any]],
    parameters: dict[str, Any],
    place_clips: Callable[[], None] = lambda: None,
) -> Corpus:
    """Write the tables and, last of all, corpus.json, without which `Corpus.load` sees no corpus.

    Args:
        clips: CLIP_COLUMNS
        place_clips: brings the clip files to where the table says, between the taking away of the old corpus.json and the new
    """
    root = Path(root)
    root.mkdir(parents=True, exist_ok=True)
    clips = clips[CLIP_COLUMNS].reset_index(drop=True)
    ledger = ledger[LEDGER_COLUMNS].reset_index(drop=True)
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
            source: {**_amount(rows), "categories": {name: _amount(part) for name, part in rows.groupby("category")}}
            for source, rows in clips.groupby("source", sort=False)
        },
        "candidates": len(ledger),
        "rejected": {reason: int(count) for reason, count in rejected["reason"].value_counts().sort_index().items()},
        "recordings": recordings,
        "parameters": parameters,
    }
    (root / "corpus.json").unlink(missing_ok=True)
    place_clips()
    write_whole(root / "clips.csv", _csv(clips))
    write_whole(root / "ledger.csv", _csv(ledger))
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
        [Stretch(**stretch) for stretch in content["stretches"]], content["clips"], content["sha256"]
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}")
    except (ValueError, KeyError, TypeError) as error:
        raise VagoError(f"{path} cannot be read as a held-out set ({error}): bring it back from a copy, or {_AFRESH}") from None
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
    text = io.StringIO()
    table.to_csv(text, index=False, float_format="%.4f", lineterminator="\n")
    return text.getvalue().encode()


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()
