"""The three phases and their files: names, records, and a phase's weights put into the model.

Importing this module is cheap; torch is imported where weights are read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vago import VagoError
from vago.model import xtts
from vago.paths import Paths

if TYPE_CHECKING:
    from TTS.tts.models.xtts import Xtts

PHASES = ("baseline", "combined", "ultrafine")

# files in a phase's folder
BEST, LAST, RECORD = "best.safetensors", "last.safetensors", "phase.json"


def read_record(folder: Path) -> dict[str, Any] | None:
    """The phase.json of a phase's folder, None where the phase has not finished.

    `validation` was called `held_out` before there was a test set besides.

    Raises:
        VagoError: the file is not valid JSON.
    """
    path = Path(folder) / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        raise VagoError(f"{path} is not valid JSON: delete it and run that phase again") from None
    if "held_out" in record:
        record["validation"] = record.pop("held_out")
    return record


def chosen_phase(wanted: str, paths: Paths) -> str:
    """`wanted`, or for "best" the phase that evaluation/report.json names so.

    Raises:
        VagoError: the report is missing or not valid.
    """
    if wanted != "best":
        return wanted

    report = paths.evaluation / "report.json"
    try:
        return json.loads(report.read_text(encoding="utf-8"))["best"]
    except FileNotFoundError:
        raise VagoError(
            f"{report} does not exist, so the best phase is not known: "
            "run 05_evaluate first, or name a phase"
        ) from None
    except (ValueError, KeyError):
        raise VagoError(
            f"{report} is not a report of 05_evaluate: run that notebook again"
        ) from None


def open_phase(phase: str, paths: Paths) -> tuple[Xtts, str]:
    """(the XTTS with this phase's GPT, SHA-256 of the GPT's weights); "base" is the base itself."""
    model = xtts.open_base(paths.base, xtts.device())
    if phase == "base":
        return model, xtts.fingerprint(paths.base)
    return model, load_phase_weights(model, phase, paths)


def load_phase_weights(model: Xtts, phase: str, paths: Paths) -> str:
    """Load a phase's best GPT into an open model; returns the SHA-256 of the weights' content."""
    if phase not in PHASES:
        raise VagoError(f"there is no phase {phase!r}; there are {', '.join(PHASES)}")
    from vago.model import checkpoint

    weights, meta = checkpoint.load_tensors(paths.phase(phase) / BEST)
    model.gpt.load_state_dict(weights)
    return meta["content_sha256"]
