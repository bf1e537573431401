"""How far a profile's run has come: steps, phases with their validation scores, and disk use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vago import VagoError
from vago.display.intervals import with_interval
from vago.fingerprint import listed
from vago.model.phases import PHASES, read_record
from vago.paths import Paths, project_root
from vago.synthesis.takes import read_takes
from vago.workbook.freshness import BY_RUNNER, NEVER_RUN, Freshness
from vago.workbook.pipeline import NOTEBOOKS, PROGRESS, files_under
from vago.workbook.plans import make_plans, phases_left_out
from vago.workbook.progress import duration, read_progress

SCORES = ("mel_ce", "text_ce")
DONE, STALE, NOT_RUN = "done", "stale", "not run"
LEFT_OUT = "left out"  # a phase that `phases` does not name and that was never trained
NOT_TRAINED = "not trained yet"
HEADER = (
    "phase",
    "steps",
    "validation mel CE (95 %)",
    "text CE (95 %)",
    "from baseline: mel, text",
    "disk",
)


def status(profile: str, root: Path | None = None) -> dict[str, Any]:
    """What is done, as plain data: what `vago status --json` prints.

    Returns:
        {"profile", "folder", "bytes",
        "steps": [{"step", "done", "state", "why", "after", "finished", "seconds", "how"}],
        "phases": [{"phase", "state", "step", "steps", "best_step", "mel_ce", "text_ce",
        "change_percent", "bytes"}],
        "takes": [{"script", "take", "made"}], the newest first, "takes_page"}.
        The state of a step is "done", "stale" or "not run"; `why` says in words what has changed
        since it was run, `after` names the steps before it that are not done. `how`: "by vago run",
        "by hand" or "by papermill". A score is {"value", "low", "high"} in nats per token with its
        95 % interval, or None; change_percent is {score: percent from the baseline}.

    Raises:
        VagoError: an unknown profile, or settings that are not valid.
    """
    root = Path(root).resolve() if root else project_root()
    plans = make_plans(profile, list(NOTEBOOKS), {}, root)
    paths = Paths.of(plans["01_prepare_dataset"].p, root)

    fresh = Freshness(paths, plans)
    steps = [step_status(fresh, stem) for stem in NOTEBOOKS]
    fresh.digests.save()
    unfinished = [step["step"] for step in steps if not step["done"]]
    for step in steps:
        upstream = fresh.upstream(step["step"])
        step["after"] = [name for name in upstream if name in unfinished]

    phases = [phase_status(paths, name) for name in PHASES]
    baseline = phases[0]
    for phase in phases:
        changes = {score: change(phase[score], baseline[score]) for score in SCORES}
        phase["change_percent"] = changes

    # not run, and not to be run
    left_out = phases_left_out(plans)
    for step in steps:
        if step["step"] in left_out and step["state"] == NOT_RUN:
            step["state"] = LEFT_OUT
    for phase in phases:
        if phase["phase"] in left_out.values() and phase["state"] == NOT_TRAINED:
            phase["state"] = LEFT_OUT

    return {
        "profile": profile,
        "folder": paths.shown(paths.home),
        "bytes": size(paths.home),
        "steps": steps,
        "phases": phases,
        "takes": [
            {"script": take.script, "take": take.folder.name, "made": take.made}
            for take in read_takes(paths)
        ],
        "takes_page": paths.shown(paths.takes_page),
    }


def step_status(fresh: Freshness, stem: str) -> dict[str, Any]:
    """One step: whether it was run and is up to date, and when and how it was run."""
    record = fresh.record["steps"].get(stem)
    why = fresh.why(stem)
    if why is None:
        state = DONE
    elif record is None:
        state = NOT_RUN
    else:
        state = STALE

    facts = {key: (record or {}).get(key) for key in ("finished", "seconds", "how")}
    return {"step": stem, "done": why is None, "state": state, "why": why, **facts}


def phase_status(paths: Paths, name: str) -> dict[str, Any]:
    """One phase from its phase.json; before that is written, from its training's progress.json."""
    folder = paths.phase(name)
    try:
        record = read_record(folder) or {}
    except VagoError:
        record = {}

    counts = record or read_progress(folder / PROGRESS) or {}
    if record.get("complete"):
        state = "done"
    elif counts:
        state = "running or interrupted"
    else:
        state = NOT_TRAINED

    return {
        "phase": name,
        "state": state,
        **{key: counts.get(key) for key in ("step", "steps", "best_step")},
        **{score: (record.get("validation") or {}).get(score) for score in SCORES},
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
    steps = [f"  {step['state']:<9}{step['step']}{when(step)}" for step in found["steps"]]

    rows = [HEADER, *map(phase_row, found["phases"])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())

    if found["takes"]:
        lines += ["", takes_line(found)]
    return "\n".join([f"{found['folder']}  {human(found['bytes'])}", *steps, "", *lines])


def takes_line(found: dict[str, Any]) -> str:
    """How many takes there are, of which scripts, and the page that lists them."""
    takes = found["takes"]
    noun = "take" if len(takes) == 1 else "takes"
    scripts = listed(sorted({take["script"] for take in takes}))
    return f"{len(takes)} {noun} of {scripts}: {found['takes_page']}"


def when(step: dict[str, Any]) -> str:
    """When a step finished, how long it took, and what has changed since."""
    shown = ""
    if step["finished"]:
        finished = step["finished"][:16].replace("T", " ")
        shown = f"  {finished} UTC, {duration(step['seconds'])}"
    if step["how"] not in (None, BY_RUNNER):
        shown += f", {step['how']}"

    if step["why"] not in (None, NEVER_RUN):
        shown += f": {step['why']}"
    elif step["done"] and step["after"]:
        shown += f": but {listed(step['after'])} is not up to date"
    return shown


def phase_row(phase: dict[str, Any]) -> tuple[str, ...]:
    """A phase's cells, in the order of HEADER."""
    used = human(phase["bytes"]) if phase["bytes"] else ""
    if phase["state"] in (NOT_TRAINED, LEFT_OUT):
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
