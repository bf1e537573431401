"""run.json: what each notebook was made from when it last succeeded, and what has changed since."""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vago import VagoError
from vago.corpus.corrections import read_corrections
from vago.files import sha256_of, sha256_of_text, write_whole
from vago.fingerprint import changed_names, code_digests, listed, modules_imported
from vago.paths import Paths
from vago.workbook.pipeline import files_under

FORMAT = 1
CACHED_BYTES = 2**16  # smaller files are read again
SETTLED_NS = 2 * 10**9

# What a step's result depends on. A state has `decisions` besides, for the words of `difference`.
KEYED = ("parameters", "code", "inputs")

# Shows settings and records the run; reads settings, which the state has; checks: none of them
# shapes a result
SESSION = (
    "vago.workbook",
    "vago.workbook.session",
    "vago.profiles",
    "vago.corpus.preflight",
)


class FileDigests:
    """SHA-256 of files, each read once: remembered until its size, inode or times change.

    Args:
        cache: a JSON file that keeps them for later runs; it is read now and written by `save`.
    """

    def __init__(self, cache: Path | None = None):
        self.cache = cache
        self.known = _read_cache(cache)
        self.is_saved = True

    def of(self, path: Path) -> str:
        """The digest of a file; empty where there is none, as while a run is replacing it."""
        try:
            status = path.stat()
        except FileNotFoundError:
            return ""

        signature = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        name = str(path)
        if name not in self.known or self.known[name][0] != signature:
            self.known[name] = signature, sha256_of(path)
            self.is_saved = False
        return self.known[name][1]

    def under(self, paths: list[Path], shown: Callable[[Path], str]) -> dict[str, str]:
        """{name shown: digest} of every file at or under `paths`."""
        return {shown(file): self.of(file) for path in paths for file in files_under(path)}

    def save(self) -> None:
        """Write the digests of large files to the cache; where it cannot be written, do nothing."""
        if self.is_saved or not self.cache or not self.cache.parent.is_dir():
            return

        # A file that has just been written may change again within one tick of its time stamp.
        settled = time.time_ns() - SETTLED_NS
        kept = {}
        for name, (signature, digest) in sorted(self.known.items()):
            _, size, *times = signature
            if size >= CACHED_BYTES and max(times) < settled and Path(name).exists():
                kept[name] = [*signature, digest]

        self.is_saved = True
        text = json.dumps(kept, indent=1) + "\n"
        try:
            if not self.cache.exists() or self.cache.read_text(encoding="utf-8") != text:
                write_whole(self.cache, text)
        except (OSError, ValueError, VagoError):
            pass  # it only saves time


def _read_cache(cache: Path | None) -> dict[str, tuple[tuple[int, ...], str]]:
    try:
        content = json.loads(cache.read_text(encoding="utf-8")) if cache else {}
        return {name: (tuple(numbers), digest) for name, (*numbers, digest) in content.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def notebook_code(cells: list[str]) -> dict[str, str]:
    """Digest of a notebook's code cells and of each vago module they lead to.

    Markdown, comments and docstrings are left out: changing them must not re-run a notebook.
    """
    trees = [parse_cell(cell) for cell in cells]
    modules = set().union(*map(modules_imported, trees)) if trees else set()
    own = sha256_of_text("\0".join(map(ast.unparse, trees)))
    return {"notebook": own} | code_digests(modules, aside=SESSION)


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
    keyed = {name: state[name] for name in KEYED}
    return sha256_of_text(json.dumps(keyed, sort_keys=True))


def decisions_in(corrections: Path) -> dict[str, str]:
    """{place and kind of a decision: digest of what was decided} of a corrections.csv.

    Empty where there is none, or none that can be read: notebook 01 says what is wrong with it.
    """
    try:
        found = read_corrections(corrections)
    except VagoError:
        return {}
    return {
        "|".join(one.place): sha256_of_text(f"{one.action}|{one.text}|{one.reason}")[:12]
        for one in found
    }


def difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """What has changed between two states, in words: parameters first, then code, then inputs."""
    for kind in ("parameters", "code"):
        names = changed_names(before.get(kind, {}), now[kind])
        if names:
            return f"{kind} changed: {listed(names)}"

    old, new = before.get("inputs", {}), now["inputs"]
    names = changed_names(old, new)
    if not names:
        return "its record is of another kind"

    decided = changed_names(before.get("decisions", {}), now["decisions"])
    if decided and any(Path(name).name == "corrections.csv" for name in names):
        noun = "decision" if len(decided) == 1 else "decisions"
        return f"corrections.csv changed: {len(decided)} {noun} newer than the corpus"

    first = names[0]
    if first not in old:
        fate = "is new"
    elif first not in new:
        fate = "is gone"
    else:
        fate = "changed"
    more = f", and {len(names) - 1} more files" if len(names) > 1 else ""
    return in_words(first, f"{first} {fate}{more}")


def in_words(name: str, change: str) -> str:
    """A changed input as a reader knows it: `the corpus is newer: corpus/clips.csv changed`."""
    room, _, rest = name.partition("/")
    if room == "phases":
        return f"phase {rest.partition('/')[0]} is newer: {change}"
    if room in ("corpus", "evaluation"):
        return f"the {room} is newer: {change}"
    return change
