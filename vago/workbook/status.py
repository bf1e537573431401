"""How far a profile's run has come: its steps, its phases with their held-out scores, and the disk they use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vago.corpus.params import CorpusParams
from vago.model.phases import PHASES
from vago.paths import Paths, project_root
from vago.workbook.pipeline import NOTEBOOKS, check_profile, files_under
from vago.workbook.progress import duration, read_progress
from vago.workbook.runner import read_record

SCORES = ("mel_ce", "text_ce")


def status(profile: str, root: Path | None = None) -> dict[str, Any]:
    """What is done, as plain data: what `vago status --json` prints.

    Returns {"profile", "folder", "bytes", "steps": [{"step", "done", "finished", "seconds"}], "phases": [{"phase", "state",
    "step", "steps", "best_step", "mel_ce", "text_ce", "change_percent", "bytes"}]}. A score is {"value", "low", "high"} in nats
    per token with its 95 % interval, or None; change_percent is {score: percent from baseline}. Raises VagoError for an
    unknown profile or settings that will not do.
    """
    root = Path(root).resolve() if root else project_root()
    check_profile(profile, root)
    paths = Paths.of(
        CorpusParams.load(
            root / "params" / profile / "01_prepare_dataset.yaml", {"profile": profile}
        ),
        root,
    )
    done = read_record(paths)["steps"]
    steps = [
        {
            "step": s,
            "done": s in done,
            **{k: done.get(s, {}).get(k) for k in ("finished", "seconds")},
        }
        for s in NOTEBOOKS
    ]
    phases = [phase_status(paths, name) for name in PHASES]
    for phase in phases:
        phase["change_percent"] = {
            score: change(phase[score], phases[0][score]) for score in SCORES
        }
    return {
        "profile": profile,
        "folder": paths.shown(paths.home),
        "bytes": size(paths.home),
        "steps": steps,
        "phases": phases,
    }


def phase_status(paths: Paths, name: str) -> dict[str, Any]:
    """One phase from its phase.json; before that is written, from the progress.json of its training."""
    folder = paths.phase(name)
    try:
        record = json.loads((folder / "phase.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record = {}
    counts = record or read_progress(folder / "progress.json") or {}
    state = (
        "done"
        if record.get("complete")
        else "running or interrupted"
        if counts
        else "not trained yet"
    )
    held_out = record.get("held_out") or {}
    return {
        "phase": name,
        "state": state,
        **{key: counts.get(key) for key in ("step", "steps", "best_step")},
        **{score: held_out.get(score) for score in SCORES},
        "bytes": size(folder),
    }


def change(score: dict[str, float] | None, baseline: dict[str, float] | None) -> float | None:
    """Percent from the baseline's value; below zero is better."""
    return (
        100 * (score["value"] / baseline["value"] - 1)
        if score and baseline and baseline["value"]
        else None
    )


def size(folder: Path) -> int:
    """Bytes of all files in a folder; a file that a running training has just replaced counts for nothing."""
    total = 0
    for file in files_under(folder):
        try:
            total += file.lstat().st_size
        except FileNotFoundError:
            continue
    return total


def table(found: dict[str, Any]) -> str:
    """The status as people read it."""
    marks = [f"  {'done' if s['done'] else '-':<5}{s['step']}{when(s)}" for s in found["steps"]]
    rows = [
        (
            "phase",
            "steps",
            "held-out mel CE (95 %)",
            "text CE (95 %)",
            "from baseline: mel, text",
            "disk",
        )
    ]
    rows += [phase_row(phase) for phase in found["phases"]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([f"{found['folder']}  {human(found['bytes'])}", *marks, "", *lines])


def when(step: dict[str, Any]) -> str:
    return (
        f"  {step['finished'][:16].replace('T', ' ')} UTC, {duration(step['seconds'])}"
        if step["done"]
        else ""
    )


def phase_row(phase: dict[str, Any]) -> tuple[str, ...]:
    if phase["state"] == "not trained yet":
        return (
            phase["phase"],
            phase["state"],
            "",
            "",
            "",
            human(phase["bytes"]) if phase["bytes"] else "",
        )
    steps = f"{dash(phase['step'])} of {dash(phase['steps'])}" + (
        "" if phase["state"] == "done" else f", {phase['state']}"
    )
    changes = [f"{value:+.1f} %" for value in phase["change_percent"].values() if value is not None]
    shown = ", ".join(changes) if phase["phase"] != PHASES[0] else ""
    return (
        phase["phase"],
        steps,
        *(interval(phase[score]) for score in SCORES),
        shown,
        human(phase["bytes"]),
    )


def dash(count: int | None) -> str:
    return "?" if count is None else str(count)


def interval(score: dict[str, float] | None) -> str:
    return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})" if score else ""


def human(count: int) -> str:
    """Bytes in the largest decimal unit that leaves a number above one."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} B"
