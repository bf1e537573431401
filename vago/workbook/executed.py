"""Whether the code that a kernel has executed is a notebook's own, whole and in order."""

from __future__ import annotations

import ast
from collections.abc import Container, Sequence
from typing import Any

from vago.fingerprint import listed
from vago.workbook.notebook import tags
from vago.workbook.record import parse_cell


def departures(
    cells: Sequence[dict[str, Any]],
    executed: Sequence[tuple[str, bool]],
    settings: Container[str],
) -> str:
    """How the executed code differs from a notebook's, in words; empty where it does not.

    Comments and layout do not count, nor do cells that only set settings: what these hold is
    recorded. Of a cell that was executed more than once the last time counts.

    Args:
        cells: the tracked notebook's.
        executed: (source, whether it succeeded) of everything the kernel has executed, in order.
        settings: names of the notebook's settings.
    """
    own = {}
    for cell in cells:
        if cell["cell_type"] == "code" and "parameters" not in tags(cell):
            own[_code(cell["source"])] = cell["id"]

    foreign = 0
    last: dict[str, tuple[int, bool]] = {}
    for position, (source, succeeded) in enumerate(executed):
        code = _code(source)
        if code in own:
            last[code] = position, succeeded
        elif code and not _sets_only(source, settings):
            foreign += 1

    if foreign == 1:
        return "with an edited or added cell"
    if foreign:
        return f"with {foreign} edited or added cells"
    left_out = [name for code, name in own.items() if code not in last]
    if left_out:
        return f"without its cells {listed(left_out)}"

    failed = [own[code] for code, (_, succeeded) in last.items() if not succeeded]
    if failed:
        return f"with an error in {listed(failed)}"
    positions = [last[code][0] for code in own]
    return "" if positions == sorted(positions) else "with cells out of order"


def _code(source: str) -> str:
    return ast.unparse(parse_cell(source))


def _sets_only(source: str, settings: Container[str]) -> bool:
    """Whether a cell holds nothing but values of settings, as a parameters cell does."""
    tree = parse_cell(source)
    if any(isinstance(node, ast.Call) for node in ast.walk(tree)):
        return False

    for node in tree.body:
        if not isinstance(node, ast.Assign):
            return False
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if len(names) != len(node.targets) or not all(name in settings for name in names):
            return False
    return True
