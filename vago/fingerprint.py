"""Digests of code: a result is made again when its code has changed, not when a comment has.

The runner (is a notebook up to date?) and the trainer (are these weights up to date?) ask the same
function, so they cannot contradict each other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import vago
from vago.files import sha256_of_text

PACKAGE = Path(vago.__file__).parent
LISTED = 3  # names that a message lists
SETTINGS = {"Field", "inherited"}  # calls that declare a setting; its description is documentation


def code_digests(modules: Iterable[str], aside: Iterable[str] = ()) -> dict[str, str]:
    """Digest of each module and of every vago module its imports lead to, inside functions too.

    The imports are read from the source, nothing is imported: torch takes seconds.

    Args:
        modules: dotted names, for example "vago.training.train".
        aside: modules that are left out, with what only they import.

    Returns:
        {"vago/training/train.py": SHA-256 of its syntax tree}, sorted by name.
    """
    aside = set(aside)
    waiting = {"vago", *modules} - aside
    digests = {}

    while waiting:
        path = module_path(waiting.pop())
        name = shown(path)
        if name not in digests:
            digest, imported = _read(path, path.stat().st_mtime_ns)
            digests[name] = digest
            waiting |= imported - aside

    return dict(sorted(digests.items()))


def syntax_digest(tree: ast.AST) -> str:
    """SHA-256 of code without comments, docstrings, descriptions of settings and layout.

    They are removed from the tree.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SETTINGS:
            node.keywords = [one for one in node.keywords if one.arg != "description"]
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]

    return sha256_of_text(ast.unparse(tree))


def modules_imported(tree: ast.AST, module: str = "") -> set[str]:
    """The vago modules that are imported anywhere in a syntax tree: {"vago.settings", ...}.

    `module` is the tree's own name, from which relative imports count.
    """
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parent = ".".join(module.split(".")[: -node.level]) if node.level else ""
            source = ".".join(filter(None, [parent, node.module]))
            names |= {source} | {f"{source}.{alias.name}" for alias in node.names}

    return {name for name in names if name.startswith("vago.") and module_path(name)}


def changed_names(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Keys that only one of two mappings has or whose values differ, sorted."""
    absent = object()
    return [
        name
        for name in sorted(old.keys() | new.keys())
        if old.get(name, absent) != new.get(name, absent)
    ]


def listed(names: Sequence[str]) -> str:
    """The first LISTED of many names, and how many more there are."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def module_path(name: str) -> Path | None:
    """The file of a vago module or package; None where `name` is something else."""
    path = PACKAGE.joinpath(*name.split(".")[1:])
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def shown(path: Path) -> str:
    """vago/training/loss.py, on every system."""
    return path.relative_to(PACKAGE.parent).as_posix()


@cache
def _read(path: Path, modified: int) -> tuple[str, set[str]]:
    """(digest, vago modules imported) of a file; `modified`, its time, is part of the cache key."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    imported = modules_imported(tree, module)
    return syntax_digest(tree), imported
