"""TODO: what model.phases is for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vago import VagoError
from vago.model import xtts
from vago.paths import Paths

PHASES = ("baseline", "combined", "ultrafine")


BEST, LAST, RECORD = "best.safetensors", "last.safetensors", "phase.json"


def read_record(folder: Path) -> dict[str, Any] | None:
    """A phase's phase.json, None where it has not finished."""
    try:
        return json.loads((Path(folder) / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        raise VagoError(
            f"{Path(folder) / RECORD} is not valid JSON: delete it and run that phase again"
        ) from None


def chosen_phase(wanted: str, paths: Paths) -> str:
    """`best` is the phase with the lowest held-out loss in evaluation/report.json; anything else is taken as it is."""
    if wanted != "best":
        return wanted
    report = paths.evaluation / "report.json"
    try:
        return json.loads(report.read_text(encoding="utf-8"))["best"]
    except FileNotFoundError:
        raise VagoError(
            f"{report} does not exist, so the best phase is not known: run 05_evaluate first, or name a phase"
        ) from None
    except (ValueError, KeyError):
        raise VagoError(
            f"{report} is not a report of 05_evaluate: run that notebook again"
        ) from None


def open_phase(phase: str, paths: Paths):
    """(the whole XTTS with this phase's GPT in it, SHA-256 of those weights); phase `base` is the base as it is."""
    model = xtts.open_base(paths.base, xtts.device())
    if phase == "base":
        return model, xtts.fingerprint(paths.base)
    return model, put_phase(model, phase, paths)


def put_phase(model, phase: str, paths: Paths) -> str:
    """Put a phase's best GPT into an open model; returns the SHA-256 of the weights' content."""
    if phase not in PHASES:
        raise VagoError(f"there is no phase {phase!r}; there are {', '.join(PHASES)}")
    from vago.model import (
        checkpoint,  # torch takes seconds; the command line needs the names above alone
    )

    weights, meta = checkpoint.load(paths.phase(phase) / BEST)
    model.gpt.load_state_dict(weights)
    return meta["content_sha256"]
