"""The settings of a run as a table, for the top of its page: the page hides the code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from vago.display import html
from vago.model.phases import read_record
from vago.paths import Paths
from vago.settings import Params
from vago.training.params import OF_THE_MACHINE, TrainParams


def settings_html(p: Params, paths: Paths) -> str:
    """The settings that the notebook or its parameter file sets; folded below them, the others."""
    shared = Params.model_fields
    names = [name for name in type(p).model_fields if name not in shared] + list(shared)
    given = [name for name in names if name in p.model_fields_set]
    others = [name for name in names if name not in p.model_fields_set]

    inherited = inherited_settings(p, paths)
    table = html.table_html(_rows(p, given, inherited), "Settings")
    if others:
        folded = html.table_html(_rows(p, others, inherited))
        summary = f"{len(others)} more settings, with their defaults"
        table += f"<details><summary>{summary}</summary>{folded}</details>"
    return table


def inherited_settings(p: Params, paths: Paths) -> dict[str, tuple[Any, str]]:
    """{setting of a training that is None: (value that it takes, where from)}.

    A value is None where the parent phase has no result yet.
    """
    if not isinstance(p, TrainParams):
        return {}

    missing = [name for name in p.defaults() if getattr(p, name) is None]
    if not p.parent:
        resolved = p.inherit(None)
        return {name: (getattr(resolved, name), "default") for name in missing}

    record = read_record(paths.phase(p.parent)) or {}
    of_parent = record.get("lineage", {}).get("settings")
    if of_parent is None:
        return {name: (None, f"inherited from {p.parent}") for name in missing}

    resolved = p.inherit(of_parent)
    found = {}
    for name in missing:
        from_parent = name in of_parent and name not in OF_THE_MACHINE
        origin = f"inherited from {p.parent}" if from_parent else "default"
        found[name] = getattr(resolved, name), origin
    return found


def _rows(p: Params, names: Iterable[str], inherited: dict[str, tuple[Any, str]]) -> pd.DataFrame:
    rows = []
    for name in names:
        value, origin = inherited.get(name, (getattr(p, name), ""))
        description = type(p).model_fields[name].description or ""
        if origin:
            description = f"{description} ({origin})".strip()
        rows.append({"setting": name, "value": shown_value(value), "meaning": description})
    return pd.DataFrame(rows).set_index("setting")


def shown_value(value: Any) -> str:
    """As a parameter file has it, lists without brackets: 5e-06, true, quiz, interview."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if value == "":
        return "empty"
    return "none" if value is None else str(value)
