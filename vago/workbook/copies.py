"""Copies of the notebooks to run by hand, with a profile's settings in their `parameters` cell.

The tracked notebooks stay as they are. A copy that a person has edited or run is never replaced.
"""

from __future__ import annotations

import ast
import json
import platform
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vago import VagoError
from vago.files import sha256_of_text, write_whole
from vago.fingerprint import changed_names, listed
from vago.paths import Paths
from vago.settings import SETTINGS_FROM
from vago.workbook.notebook import read_notebook, tags
from vago.workbook.plans import Plan

MADE_FROM = "vago"  # in a copy's metadata: what it was made from

# what the kernel says of itself, without which JupyterLab would mark an opened copy as changed
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": sys.version_info[0]},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": f"ipython{sys.version_info[0]}",
    "version": platform.python_version(),
}


@dataclass(frozen=True)
class KeptCopy:
    """A copy that is there already and stays.

    change: what has changed since it was made, in words; empty where nothing has.
    """

    path: Path
    change: str


def make_copies(paths: Paths, plans: dict[str, Plan]) -> list[KeptCopy]:
    """Copy every notebook into paths.by_hand; those copies that a person has edited or run stay.

    Args:
        plans: of the six notebooks; the appendices are copied as they are.

    Returns:
        the copies that stayed.
    """
    kept = []
    for source in _sources(paths):
        made = copy_of(read_notebook(source), plans.get(source.stem))
        target = paths.by_hand / source.name
        if _is_used(target):
            kept.append(KeptCopy(target, _change(target, made)))
            continue

        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, json.dumps(made, indent=1, ensure_ascii=False) + "\n")
    return kept


def put_aside(paths: Paths) -> Path | None:
    """Move the copies that a person has edited or run into a new folder beside the others.

    Returns:
        that folder; None where there was no such copy.
    """
    used = [paths.by_hand / source.name for source in _sources(paths)]
    used = [path for path in used if _is_used(path)]
    if not used:
        return None

    name = time.strftime("earlier_%Y-%m-%d_%H%M%S")
    folder, count = paths.by_hand / name, 1
    while folder.exists():
        count += 1
        folder = paths.by_hand / f"{name}_{count}"
    folder.mkdir()
    for path in used:
        path.rename(folder / path.name)
    return folder


def copy_of(original: dict[str, Any], plan: Plan | None) -> dict[str, Any]:
    """A notebook with the plan's settings in its `parameters` cell, as its cells would be injected.

    Its metadata say what it was made from. Without a plan the cells are the original's.
    """
    cells: list[dict[str, Any]] = []
    for cell in original["cells"]:
        if plan is None or "parameters" not in tags(cell):
            cells.append(cell)
            continue

        cells.append(_note_cell(plan))
        cells.append(cell | {"source": parameters_source(cell["source"], plan)})
        if SETTINGS_FROM in plan.given:
            cells.append(_origins_cell(plan))

    made_from = {
        "notebook": _digest(original["cells"]),
        "settings": plan.p.model_dump(mode="json") if plan else {},
        "copy": _digest(cells),
    }
    metadata = original["metadata"] | {"language_info": LANGUAGE, MADE_FROM: made_from}
    return original | {"cells": cells, "metadata": metadata}


def parameters_source(source: str, plan: Plan) -> str:
    """A `parameters` cell with a profile's values.

    Lines whose value is the profile's stay, with their comments. The others get the value and what
    the setting means; settings that only the profile's files name follow below.
    """
    values, fields = plan.p.model_dump(mode="json"), type(plan.p).model_fields
    lines = source.splitlines()
    named: set[str] = set()

    # from the bottom, so that the line numbers above stay right
    for node in reversed(ast.parse(source).body):
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if not isinstance(target, ast.Name) or target.id not in values:
            continue
        named.add(target.id)
        if ast.literal_eval(node.value) != values[target.id]:
            line = _line(target.id, values[target.id], fields[target.id].description)
            lines[node.lineno - 1 : node.end_lineno] = [line]

    for name in plan.origins:
        if name in fields and name not in named:
            lines.append(_line(name, values[name], fields[name].description))
    return "\n".join(lines)


def _line(name: str, value: Any, description: str | None) -> str:
    return f"{name} = {_literal(value)}" + (f"  # {description}" if description else "")


def _literal(value: Any) -> str:
    """A setting's value as Python, text in double quotes as in the notebooks."""
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _note_cell(plan: Plan) -> dict[str, Any]:
    profile = plan.p.profile
    source = (
        f"**Your copy, with the settings of profile `{profile}`.** What you change here holds for "
        f"this copy; what you change in `params/{profile}/` holds for `vago run` and for new "
        f"copies (`vago lab {profile} --fresh`)."
    )
    return {"cell_type": "markdown", "id": "your-copy", "metadata": {}, "source": source}


def _origins_cell(plan: Plan) -> dict[str, Any]:
    """A folded cell that says which file sets what, for `Params.from_notebook`."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": "settings-from",
        "metadata": {"jupyter": {"source_hidden": True}},
        "outputs": [],
        "source": f"{SETTINGS_FROM} = {plan.given[SETTINGS_FROM]!r}",
    }


def _sources(paths: Paths) -> list[Path]:
    return sorted((paths.root / "notebooks").glob("*.ipynb"))


def _digest(cells: Iterable[dict[str, Any]]) -> str:
    """Of what the cells say, without their outputs."""
    return sha256_of_text(json.dumps([[cell["cell_type"], cell["source"]] for cell in cells]))


def _is_used(path: Path) -> bool:
    """Whether a copy is there and differs from what was made: it was edited or has outputs."""
    if not path.exists():
        return False

    try:
        found = read_notebook(path)
        outputs = any(cell.get("outputs") for cell in found["cells"])
        return outputs or _digest(found["cells"]) != found["metadata"][MADE_FROM]["copy"]
    except (VagoError, KeyError, TypeError, AttributeError):
        return True  # nothing that vago has made, or an earlier vago


def _change(path: Path, made: dict[str, Any]) -> str:
    """What has changed since a copy was made, in words; empty where nothing has."""
    now = made["metadata"][MADE_FROM]
    try:
        before = read_notebook(path)["metadata"][MADE_FROM]
        settings = changed_names(before["settings"], now["settings"])
        is_same = before["notebook"] == now["notebook"]
    except VagoError:
        return "it is not a notebook"
    except (KeyError, TypeError, AttributeError):
        return "an earlier version of vago made it"

    changes = [] if is_same else [f"notebooks/{path.name} changed"]
    if settings:
        changes.append(f"settings changed: {listed(settings)}")
    return ", ".join(changes)
