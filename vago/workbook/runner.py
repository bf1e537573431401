"""The six notebooks run headless, in order, and only where something has changed."""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from filelock import FileLock, Timeout

import vago
from vago import VagoError, __version__
from vago.files import write_whole
from vago.paths import Paths, project_root
from vago.workbook.notebook import execute
from vago.workbook.pipeline import STEPS, Plan, files_under, make_plans, makes_base, select
from vago.workbook.progress import ProgressLine

FREE_BYTES = 10**9
PACKAGE = Path(vago.__file__).parent


@dataclass(frozen=True)
class Outcome:
    """What became of a step: `why` it ran, or None where it was skipped."""

    stem: str
    why: str | None
    seconds: float = 0.0


def run(
    profile: str,
    *,
    start: str | None = None,
    only: str | None = None,
    overrides: Iterable[tuple[str, str]] = (),
    force: bool = False,
    root: Path | None = None,
    execute: Callable[[Path, Path, dict[str, Any], Path], None] = execute,
    stream: TextIO | None = None,
) -> list[Outcome]:
    """Run a profile's notebooks, those whose inputs, parameters and code have changed.

    Args:
        start, only: begin at, or run just, one notebook: "3", "03" or its name.
        overrides: (name, YAML text) pairs for every selected notebook that has the setting.
        execute: runs one notebook, leaving the executed one and its HTML; raises where the notebook does.
    Raises:
        VagoError: a sentence about what is wrong, before the first kernel wherever it can be known by then;
            NotebookFailed where a notebook stopped.
    """
    root = Path(root).resolve() if root else project_root()
    selected = select(start, only)
    plans = make_plans(profile, selected, dict(overrides), root)
    paths = Paths.of(plans["01_prepare_dataset"].p, root)
    stream = stream or sys.stdout
    paths.home.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(paths.home / ".run.lock", timeout=0):
            return Runner(paths, plans, selected, force).run(execute, stream)
    except Timeout:
        where = paths.shown(paths.home)
        raise VagoError(
            f"another `vago run` is at work in {where}: wait for its end, then run again"
        ) from None


class Digests:
    """SHA-256 of files' contents, each file read once per run: remembered until size, inode or times change."""

    def __init__(self):
        self.known: dict[Path, tuple[tuple[int, ...], str]] = {}

    def of(self, path: Path) -> str:
        found = path.stat()
        signature = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        if path not in self.known or self.known[path][0] != signature:
            with open(path, "rb") as file:
                self.known[path] = signature, hashlib.file_digest(file, "sha256").hexdigest()
        return self.known[path][1]

    def under(self, paths: list[Path], shown: Callable[[Path], str]) -> dict[str, str]:
        """{name shown: digest} of every file at or under `paths`."""
        return {shown(file): self.of(file) for path in paths for file in files_under(path)}


def parse_cell(source: str) -> ast.Module:
    """A code cell's syntax tree without its `%` and `!` lines; an empty one where it is no Python."""
    try:
        return ast.parse(
            "\n".join(
                line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))
            )
        )
    except SyntaxError:
        return ast.Module([], [])


def modules_used(tree: ast.AST) -> set[str]:
    """The vago modules imported anywhere in a syntax tree, inside functions too: {"params", "train"}."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = f"vago.{node.module or ''}".rstrip(".") if node.level else node.module
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    modules = {name.split(".")[1] for name in names if name.startswith("vago.")}
    return {module for module in modules if (PACKAGE / f"{module}.py").exists()}


def code_digests(cells: list[str]) -> dict[str, str]:
    """Digest of a notebook's code cells and of each vago module they lead to.

    Markdown is left out: a better sentence should not train a voice anew. The walk is over the imports as written, so that
    nothing is imported (torch takes seconds).
    """
    trees = [parse_cell(cell) for cell in cells]
    waiting = set().union(*map(modules_used, trees)) if trees else set()
    digests = {"notebook": hashlib.sha256("\0".join(cells).encode()).hexdigest()}
    waiting.add("__init__")
    while waiting:
        module = waiting.pop()
        source = (PACKAGE / f"{module}.py").read_bytes()
        digests[f"vago/{module}.py"] = hashlib.sha256(source).hexdigest()
        waiting |= {
            name for name in modules_used(ast.parse(source)) if f"vago/{name}.py" not in digests
        }
    return dict(sorted(digests.items()))


def read_record(paths: Paths) -> dict[str, Any]:
    """run.json's {"format": 1, "steps": {stem: {...}}}; an empty one before the first run."""
    try:
        record = json.loads(paths.run_record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"format": 1, "steps": {}}
    except ValueError:
        record = None
    if not isinstance(record, dict) or record.get("format") != 1:
        where = paths.shown(paths.run_record)
        raise VagoError(
            f"{where} is not a record this vago wrote: delete it, and every step runs again"
        )
    return record


class Runner:
    """One run under the lock: compares each step with the record, runs what differs, records what succeeded."""

    def __init__(self, paths: Paths, plans: dict[str, Plan], selected: list[str], force: bool):
        self.paths, self.plans, self.selected, self.force = paths, plans, selected, force
        self.record = read_record(paths)
        self.digests = Digests()

    def run(self, execute: Callable, stream: TextIO) -> list[Outcome]:
        self.preflight()
        outcomes = []
        for stem in self.selected:
            why = self.why(stem)
            if why is None:
                print(f"{stem}  skipped: nothing changed", file=stream, flush=True)
                outcomes.append(Outcome(stem, None))
            else:
                outcomes.append(Outcome(stem, why, self.step(stem, why, execute, stream)))
        print(
            f"to look at and listen to: {self.paths.shown(self.paths.executed)}/*.html",
            file=stream,
            flush=True,
        )
        return outcomes

    def preflight(self) -> None:
        """Everything that can be known to go wrong before a kernel starts; nothing where no step will run."""
        if not (first := next((stem for stem in self.selected if self.why(stem)), None)):
            return
        paths, p = self.paths, self.plans["01_prepare_dataset"].p
        if first == "01_prepare_dataset" and not p.demo_voice:
            from vago.corpus.prepare import find_sources

            find_sources(paths.recordings(p.recordings_dir), p.sources, paths.shown)
        if not makes_base(p):
            from vago.model.xtts import check_files

            check_files(paths.base)
        made: list[Path] = []
        for stem in self.selected:
            for path in STEPS[stem].inputs(paths, self.plans[stem].p):
                if not files_under(path) and not any(path == m or m in path.parents for m in made):
                    raise VagoError(self.missing(stem, path))
            made += STEPS[stem].outputs(paths, self.plans[stem].p)
        free = shutil.disk_usage(paths.home).free
        if free < FREE_BYTES:
            where = paths.shown(paths.home)
            raise VagoError(
                f"only {free / 1e9:.2f} GB are free where {where} lies: make room for {FREE_BYTES / 1e9:.0f} GB"
            )

    def missing(self, stem: str, path: Path) -> str:
        maker = next(
            (s for s in STEPS if path in STEPS[s].outputs(self.paths, self.plans[s].p)), None
        )
        advice = (
            f"{maker} makes it: run that first (--only {maker[:2]})" if maker else "put it there"
        )
        return f"{stem} needs {self.paths.shown(path)}, which is missing or empty: {advice}"

    def state(self, stem: str) -> dict[str, Any]:
        """All a step's result follows from: parameters, code and the contents of its input files."""
        plan = self.plans[stem]
        inputs = self.digests.under(STEPS[stem].inputs(self.paths, plan.p), self.shown)
        return {
            "parameters": plan.p.model_dump(mode="json"),
            "code": code_digests(plan.cells),
            "inputs": inputs,
        }

    def why(self, stem: str) -> str | None:
        """The reason to run a step, in words; None where nothing it depends on or left behind has changed."""
        before = self.record["steps"].get(stem)
        executed = self.paths.executed / f"{stem}.ipynb"
        if self.force:
            return "forced"
        if before is None:
            return "did not finish last time" if executed.exists() else "never run"
        now = self.state(stem)
        if key_of(now) != before["key"]:
            return difference(before, now)
        left = {
            self.shown(f): f
            for path in STEPS[stem].outputs(self.paths, self.plans[stem].p)
            for f in files_under(path)
        }
        left |= {
            self.shown(page): page
            for page in (executed, executed.with_suffix(".html"))
            if page.exists()
        }
        expected = [
            *before["outputs"],
            self.shown(executed),
            self.shown(executed.with_suffix(".html")),
        ]
        if gone := [name for name in expected if name not in left]:
            return f"output missing: {listed(gone)}"
        changed = [
            name
            for name, digest in before["outputs"].items()
            if self.digests.of(left[name]) != digest
        ]
        return f"output changed: {listed(changed)}" if changed else None

    def step(self, stem: str, why: str, execute: Callable, stream: TextIO) -> float:
        """Run one notebook and record it; the seconds it took. Its old record goes first: a broken run is not a done one."""
        plan, state = self.plans[stem], self.state(stem)
        if self.record["steps"].pop(stem, None):
            write_whole(self.paths.run_record, json.dumps(self.record, indent=1))
        with ProgressLine(stem, why, STEPS[stem].progress(self.paths, plan.p), stream) as line:
            execute(
                plan.source, self.paths.executed / plan.source.name, plan.given, self.paths.root
            )
        outputs = STEPS[stem].outputs(self.paths, plan.p)
        if empty := [self.paths.shown(path) for path in outputs if not files_under(path)]:
            raise VagoError(
                f"{stem} ran to its end but left no {listed(empty)}: see notebooks/{plan.source.name}"
            )
        self.record["steps"][stem] = {
            "key": key_of(state),
            **state,
            "outputs": self.digests.under(outputs, self.shown),
            "seconds": round(line.seconds, 3),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "vago": __version__,
        }
        write_whole(self.paths.run_record, json.dumps(self.record, indent=1))
        return line.seconds

    def shown(self, path: Path) -> str:
        """corpus/clips.csv: inside the profile's folder; else relative to the project where it can be."""
        return (
            str(path.relative_to(self.paths.home))
            if path.is_relative_to(self.paths.home)
            else self.paths.shown(path)
        )


def key_of(state: dict[str, Any]) -> str:
    """One digest over everything a step's result follows from."""
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """What has changed between two states, in words: parameters first, then code, then inputs."""
    for kind in ("parameters", "code", "inputs"):
        old, new = before[kind], now[kind]
        if names := [
            name
            for name in sorted({**old, **new})
            if (name in old, old.get(name)) != (name in new, new.get(name))
        ]:
            if kind != "inputs":
                return f"{kind} changed: {listed(names)}"
            fate = (
                "is new" if names[0] not in old else "is gone" if names[0] not in new else "changed"
            )
            return f"{names[0]} {fate}" + (
                f", and {len(names) - 1} more files" if len(names) > 1 else ""
            )
    return "its record is of another kind"


def listed(names: list[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
