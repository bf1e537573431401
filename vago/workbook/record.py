"""run.json: what each notebook was made from when it last succeeded, and what has changed since."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vago import VagoError
from vago.files import sha256_of, sha256_of_text
from vago.fingerprint import changed_names, code_digests, listed, modules_imported
from vago.paths import Paths
from vago.workbook.pipeline import files_under

FORMAT = 1


class FileDigests:
    """SHA-256 of files, each read once: remembered until its size, inode or times change."""

    def __init__(self):
        self.known: dict[Path, tuple[tuple[int, ...], str]] = {}

    def of(self, path: Path) -> str:
        status = path.stat()
        signature = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if path not in self.known or self.known[path][0] != signature:
            self.known[path] = signature, sha256_of(path)
        return self.known[path][1]

    def under(self, paths: list[Path], shown: Callable[[Path], str]) -> dict[str, str]:
        """{name shown: digest} of every file at or under `paths`."""
        return {shown(file): self.of(file) for path in paths for file in files_under(path)}


def notebook_code(cells: list[str]) -> dict[str, str]:
    """Digest of a notebook's code cells and of each vago module they lead to.

    Markdown, comments and docstrings are left out: changing them must not re-run a notebook.
    """
    trees = [parse_cell(cell) for cell in cells]
    modules = set().union(*map(modules_imported, trees)) if trees else set()
    own = sha256_of_text("\0".join(map(ast.unparse, trees)))
    return {"notebook": own} | code_digests(modules)


def parse_cell(source: str) -> ast.Module:
    """A code cell's syntax tree without its `%` and `!` lines; its text where it is no Python."""
    lines = [line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))]
    try:
        return ast.parse("\n".join(lines))
    except SyntaxError:
        return ast.Module([ast.Expr(ast.Constant(source))], [])


def read_run(paths: Paths) -> dict[str, Any]:
    """run.json's {"format": 1, "steps": {stem: {...}}}; an empty one before the first run."""
    try:
        run = json.loads(paths.run_record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"format": FORMAT, "steps": {}}
    except ValueError:
        run = None

    if not isinstance(run, dict) or run.get("format") != FORMAT:
        where = paths.shown(paths.run_record)
        raise VagoError(
            f"{where} is not a record that vago wrote: delete it, and every step runs again"
        )
    return run


def key_of(state: dict[str, Any]) -> str:
    """One digest over everything that a step's result depends on."""
    return sha256_of_text(json.dumps(state, sort_keys=True))


def difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """What has changed between two states, in words: parameters first, then code, then inputs."""
    for kind in ("parameters", "code"):
        names = changed_names(before[kind], now[kind])
        if names:
            return f"{kind} changed: {listed(names)}"

    old, new = before["inputs"], now["inputs"]
    names = changed_names(old, new)
    if not names:
        return "its record is of another kind"

    first = names[0]
    if first not in old:
        fate = "is new"
    elif first not in new:
        fate = "is gone"
    else:
        fate = "changed"
    more = f", and {len(names) - 1} more files" if len(names) > 1 else ""
    return f"{first} {fate}{more}"
