"""Every setting of a profile with its value, where it is set and what it means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vago.paths import project_root
from vago.settings import Params
from vago.training.params import TrainParams
from vago.workbook.pipeline import NOTEBOOKS
from vago.workbook.plans import Plan, make_plans, step_named

DEFAULT = "default"


def settings_list(
    profile: str, step: str | None = None, root: Path | None = None
) -> list[dict[str, Any]]:
    """One dict per notebook and setting: {"notebook", "setting", "value", "from", "meaning"}.

    "from" is the file that sets it, the notebook whose parameters cell does, the phase that it is
    inherited from, or "default".

    Args:
        step: a notebook's number or name; None: all six.

    Raises:
        VagoError: an unknown profile or notebook, or settings that are not valid.
    """
    root = Path(root).resolve() if root else project_root()
    selected = [step_named(step)] if step else list(NOTEBOOKS)
    plans = make_plans(profile, list(NOTEBOOKS), {}, root)

    return [row for stem in selected for row in setting_rows(plans[stem])]


def setting_rows(plan: Plan) -> list[dict[str, Any]]:
    """One notebook's settings: its own first, then those that all notebooks share."""
    p, shared = plan.p, Params.model_fields
    values = p.model_dump(mode="json")
    first = p.defaults() if isinstance(p, TrainParams) else {}

    rows = []
    for name in [name for name in values if name not in shared] + list(shared):
        value, origin = values[name], plan.origins.get(name, DEFAULT)
        if name in first and value is None:
            # a later phase takes its parent's value, a first one the default
            value = None if p.parent else first[name]
            origin = f"phase {p.parent}" if p.parent else DEFAULT

        meaning = type(p).model_fields[name].description or ""
        rows.append(
            {
                "notebook": plan.stem,
                "setting": name,
                "value": value,
                "from": origin,
                "meaning": meaning,
            }
        )
    return rows


def settings_text(found: list[dict[str, Any]]) -> str:
    """The list as aligned columns, one block per notebook, as a terminal shows it."""
    blocks = []
    for stem in dict.fromkeys(row["notebook"] for row in found):
        rows = [
            (row["setting"], json.dumps(row["value"], ensure_ascii=False), row["from"])
            for row in found
            if row["notebook"] == stem
        ]
        widths = [max(map(len, column)) for column in zip(*rows)]
        meanings = [row["meaning"] for row in found if row["notebook"] == stem]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths)) + f"  {meaning}"
            for row, meaning in zip(rows, meanings)
        ]
        blocks.append("\n".join([stem, *(f"  {line}".rstrip() for line in lines)]))
    return "\n\n".join(blocks)
