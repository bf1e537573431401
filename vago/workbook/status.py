"""How far a profile's run has come: steps, phases with their held-out scores, and disk use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vago.corpus.params import CorpusParams
from vago.display.intervals import with_interval
from vago.model.phases import PHASES, RECORD
from vago.paths import Paths, project_root
from vago.settings import check_profile
from vago.workbook.pipeline import NOTEBOOKS, PROGRESS, files_under
from vago.workbook.progress import duration, read_progress
from vago.workbook.record import read_run

SCORES = ("mel_ce", "text_ce")
NOT_TRAINED = "not trained yet"
HEADER = (
    "phase",
    "steps",
    "held-out mel CE (95 %)",
    "text CE (95 %)",
    "from baseline: mel, text",
    "disk",
)


def status(profile: str, root: Path | None = None) -> dict[str, Any]:
    """What is done, as plain data: what `vago status --json` prints.

    Returns:
        {"profile", "folder", "bytes",
        "steps": [{"step", "done", "finished", "seconds"}],
        "phases": [{"phase", "state", "step", "steps", "best_step", "mel_ce", "text_ce",
        "change_percent", "bytes"}]}.
        A score is {"value", "low", "high"} in nats per token with its 95 % interval, or None;
        change_percent is {score: percent from the baseline}.

    Raises:
        VagoError: an unknown profile, or settings that are not valid.
    """
    root = Path(root).resolve() if root else project_root()
    check_profile(profile, root)
    settings = root / "params" / profile / "01_prepare_dataset.yaml"
    paths = Paths.of(CorpusParams.load(settings, {"profile": profile}), root)

    done = read_run(paths)["steps"]
    steps = []
    for stem in NOTEBOOKS:
        record = done.get(stem, {})
        times = {key: record.get(key) for key in ("finished", "seconds")}
        steps.append({"step": stem, "done": stem in done, **times})

    phases = [phase_status(paths, name) for name in PHASES]
    baseline = phases[0]
    for phase in phases:
        changes = {score: change(phase[score], baseline[score]) for score in SCORES}
        phase["change_percent"] = changes

    return {
        "profile": profile,
        "folder": paths.shown(paths.home),
        "bytes": size(paths.home),
        "steps": steps,
        "phases": phases,
    }


def phase_status(paths: Paths, name: str) -> dict[str, Any]:
    """One phase from its phase.json; before that is written, from its training's progress.json."""
    folder = paths.phase(name)
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record = {}

    counts = record or read_progress(folder / PROGRESS) or {}
    if record.get("complete"):
        state = "done"
    elif counts:
        state = "running or interrupted"
    else:
        state = NOT_TRAINED

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
    if not score or not baseline or not baseline["value"]:
        return None
    return 100 * (score["value"] / baseline["value"] - 1)


def size(folder: Path) -> int:
    """Bytes of all files in a folder; a file that a training has just replaced counts as none."""
    total = 0
    for file in files_under(folder):
        try:
            total += file.lstat().st_size
        except FileNotFoundError:
            continue
    return total


def status_table(found: dict[str, Any]) -> str:
    """The status as text: the steps, then a row per phase."""
    steps = []
    for step in found["steps"]:
        mark = "done" if step["done"] else "-"
        steps.append(f"  {mark:<5}{step['step']}{when(step)}")

    rows = [HEADER, *map(phase_row, found["phases"])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())

    return "\n".join([f"{found['folder']}  {human(found['bytes'])}", *steps, "", *lines])


def when(step: dict[str, Any]) -> str:
    """When a step finished and how long it took."""
    if not step["done"]:
        return ""
    finished = step["finished"][:16].replace("T", " ")
    return f"  {finished} UTC, {duration(step['seconds'])}"


def phase_row(phase: dict[str, Any]) -> tuple[str, ...]:
    """A phase's cells, in the order of HEADER."""
    used = human(phase["bytes"]) if phase["bytes"] else ""
    if phase["state"] == NOT_TRAINED:
        return phase["phase"], phase["state"], "", "", "", used

    steps = f"{_or_unknown(phase['step'])} of {_or_unknown(phase['steps'])}"
    if phase["state"] != "done":
        steps += f", {phase['state']}"

    scores = [with_interval(phase[score], ".3f") if phase[score] else "" for score in SCORES]
    changes = [f"{value:+.1f} %" for value in phase["change_percent"].values() if value is not None]
    from_baseline = "" if phase["phase"] == PHASES[0] else ", ".join(changes)
    return phase["phase"], steps, *scores, from_baseline, used


def _or_unknown(count: int | None) -> str:
    return "?" if count is None else str(count)


def human(count: int) -> str:
    """Bytes in the largest decimal unit that leaves a number above one."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} B"
