"""The six notebooks run headless, in order, and only where something has changed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from filelock import FileLock, Timeout

from vago import VagoError
from vago.files import free_bytes, write_json
from vago.fingerprint import listed
from vago.paths import Paths, project_root
from vago.workbook.freshness import BY_RUNNER, Freshness
from vago.workbook.notebook import execute
from vago.workbook.pipeline import STEPS, files_under
from vago.workbook.plans import Plan, make_plans, phases_left_out, select_notebooks
from vago.workbook.progress import ProgressLine

FREE_BYTES = 10**9
FIRST = "01_prepare_dataset"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a step: `why` it ran, or None where it was skipped."""

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
    """Run those of a profile's notebooks whose inputs, parameters or code have changed.

    Args:
        start, only: begin at, or run just, one notebook: "3", "03" or its name.
        overrides: (name, YAML text) pairs for every selected notebook that has the setting.
        execute: runs one notebook, leaving the executed one and its HTML; raises as the notebook.

    Raises:
        VagoError: what is wrong, before the first kernel starts wherever it can be known by then;
            NotebookFailed where a notebook stopped.
    """
    root = Path(root).resolve() if root else project_root()
    selected = select_notebooks(start, only)
    plans = make_plans(profile, selected, dict(overrides), root)
    paths = Paths.of(plans[FIRST].p, root)
    paths.home.mkdir(parents=True, exist_ok=True)

    try:
        with FileLock(paths.run_lock, timeout=0):
            left_out = {} if only else phases_left_out(plans)
            runner = Runner(paths, plans, selected, force, left_out)
            return runner.run(execute, stream or sys.stdout)
    except Timeout:
        where = paths.shown(paths.home)
        raise VagoError(
            f"another `vago run` is at work in {where}: wait for its end, then run again"
        ) from None


class Runner:
    """One run under the lock: compares each step with the record, runs what differs, records it.

    Args:
        left_out: {notebook: its phase} of trainings that the profile does without.
    """

    def __init__(
        self,
        paths: Paths,
        plans: dict[str, Plan],
        selected: list[str],
        force: bool,
        left_out: dict[str, str],
    ):
        self.paths, self.plans, self.chosen, self.force = paths, plans, selected, force
        self.left_out = left_out
        self.selected = [stem for stem in selected if stem not in left_out]
        self.fresh = Freshness(paths, plans)

    def run(self, execute: Callable, stream: TextIO) -> list[Outcome]:
        self.check_material()
        self.prepare_demo(stream)
        self.preflight()

        outcomes = []
        for stem in self.chosen:
            if stem in self.left_out:
                phase = self.left_out[stem]
                print(f"{stem}  skipped: `phases` does not name {phase}", file=stream, flush=True)
                outcomes.append(Outcome(stem, None))
                continue

            why = self.why(stem)
            if why is None:
                how = self.fresh.record["steps"][stem].get("how", BY_RUNNER)
                by = "" if how == BY_RUNNER else f" since it was run {how}"
                print(f"{stem}  skipped: nothing changed{by}", file=stream, flush=True)
                outcomes.append(Outcome(stem, None))
            else:
                seconds = self.step(stem, why, execute, stream)
                outcomes.append(Outcome(stem, why, seconds))

        pages = self.paths.shown(self.paths.executed)
        print(f"to look at and listen to: {pages}/*.html", file=stream, flush=True)
        return outcomes

    def check_material(self) -> None:
        """Raise VagoError for all that notebook 01 lacks, before anything is made."""
        if FIRST in self.selected and self.why(FIRST):
            from vago.corpus.preflight import preflight

            preflight(self.plans[FIRST].p, self.paths)

    def prepare_demo(self, stream: TextIO) -> None:
        """Make the demo's recordings and the bundled base, where notebook 01 then finds them."""
        p = self.plans[FIRST].p
        if (p.demo_voice or p.bundled_base) and FIRST in self.selected:
            from vago.recipes.demo.prepare import prepare_demo

            prepare_demo(p, self.paths, lambda line: print(line, file=stream, flush=True))

    def preflight(self) -> None:
        """Raise VagoError for what can be known to go wrong before a kernel starts."""
        first = next((stem for stem in self.selected if self.why(stem)), None)
        if first is None:
            return

        from vago.model.xtts import check_files

        made: list[Path] = [self.paths.base]  # checked below, file by file
        for stem in self.selected:
            step, p = STEPS[stem], self.plans[stem].p
            for path in step.inputs(self.paths, p):
                to_come = any(path == other or other in path.parents for other in made)
                if not to_come and not files_under(path):
                    raise VagoError(self.missing(stem, path))
            made += step.outputs(self.paths, p)
        check_files(self.paths.base)

        free = free_bytes(self.paths.home)
        if free < FREE_BYTES:
            where = self.paths.shown(self.paths.home)
            raise VagoError(
                f"only {free / 1e9:.2f} GB are free where {where} lies: "
                f"make room for {FREE_BYTES / 1e9:.0f} GB"
            )

    def missing(self, stem: str, path: Path) -> str:
        """The sentence for an input that is not there."""
        advice = "put it there"
        for maker, step in STEPS.items():
            if path in step.outputs(self.paths, self.plans[maker].p):
                advice = f"{maker} makes it: run that first (--only {maker[:2]})"
        return f"{stem} needs {self.paths.shown(path)}, which is missing or empty: {advice}"

    def why(self, stem: str) -> str | None:
        """The reason to run a step, in words; None where it is up to date."""
        return "forced" if self.force else self.fresh.why(stem)

    def step(self, stem: str, why: str, execute: Callable, stream: TextIO) -> float:
        """Run one notebook and record it; the seconds it took."""
        plan, state = self.plans[stem], self.fresh.state(stem)
        record = self.fresh.record

        # the old record is removed first: an interrupted step is not done
        if record["steps"].pop(stem, None):
            write_json(self.paths.run_record, record)
        self.fresh.digests.save()  # the notebook asks for them too

        target = self.paths.executed / plan.source.name
        progress = STEPS[stem].progress(self.paths, plan.p)
        with ProgressLine(stem, why, progress, stream) as line:
            execute(plan.source, target, plan.given, self.paths.root)

        outputs = self.fresh.outputs(stem)
        empty = [self.paths.shown(path) for path in outputs if not files_under(path)]
        if empty:
            raise VagoError(
                f"{stem} ran to its end but left no {listed(empty)}: "
                f"see notebooks/{plan.source.name}"
            )

        record["steps"][stem] = self.fresh.entry(stem, state, line.seconds, BY_RUNNER)
        write_json(self.paths.run_record, record)
        self.fresh.digests.save()
        return line.seconds
