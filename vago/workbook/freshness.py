"""Whether what a profile has is up to date: asked by the runner, by `vago status`, by notebooks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vago import __version__
from vago.fingerprint import listed
from vago.paths import Paths
from vago.workbook.pipeline import STEPS, files_under
from vago.workbook.plans import Plan
from vago.workbook.record import (
    FileDigests,
    decisions_in,
    difference,
    key_of,
    notebook_code,
    read_run,
)

NEVER_RUN = "never run"
UNRECORDED = "its results have no record of a run"
BY_RUNNER, BY_HAND, BY_PAPERMILL = "by vago run", "by hand", "by papermill"

# what a step makes, as sentences call it
PRODUCTS = {
    "01_prepare_dataset": "The corpus",
    "02_train_baseline": "Phase baseline",
    "03_train_combined": "Phase combined",
    "04_train_ultrafine": "Phase ultrafine",
    "05_evaluate": "The evaluation",
    "06_generate_samples": "The spoken script",
}


class Freshness:
    """Compares each step of a profile with run.json.

    Args:
        plans: every notebook's plan by name, or those that are asked about.
    """

    def __init__(self, paths: Paths, plans: dict[str, Plan]):
        self.paths, self.plans = paths, plans
        self.record = read_run(paths)
        self.digests = FileDigests(paths.digests)

    def inputs(self, stem: str) -> list[Path]:
        return STEPS[stem].inputs(self.paths, self.plans[stem].p)

    def outputs(self, stem: str) -> list[Path]:
        return STEPS[stem].outputs(self.paths, self.plans[stem].p)

    def pages(self, stem: str) -> list[Path]:
        """The executed notebook and its page, as `vago run` leaves them."""
        executed = self.paths.executed / f"{stem}.ipynb"
        return [executed, executed.with_suffix(".html")]

    def state(self, stem: str) -> dict[str, Any]:
        """All that a step's result depends on: parameters, code and contents of its inputs."""
        plan = self.plans[stem]
        inputs = self.inputs(stem)

        decisions = {}
        if self.paths.corrections in inputs:
            decisions = decisions_in(self.paths.corrections)
        return {
            "parameters": plan.p.model_dump(mode="json"),
            "code": notebook_code(plan.cells),
            "inputs": self.digests.under(inputs, self.shown),
            "decisions": decisions,
        }

    def why(self, stem: str) -> str | None:
        """The reason to run a step, in words; None where it is up to date."""
        before = self.record["steps"].get(stem)
        if before is None:
            return self._why_unrecorded(stem)
        if before.get("caveat"):
            return before["caveat"]

        now = self.state(stem)
        if key_of(now) != before.get("key"):
            return difference(before, now)

        # its outputs and pages are as it left them
        pages = self.pages(stem)
        there = {
            self.shown(file): file
            for path in [*self.outputs(stem), *pages]
            for file in files_under(path)
        }
        expected = [*before["outputs"], *before.get("pages", map(self.shown, pages))]
        gone = [name for name in expected if name not in there]
        if gone:
            return f"output missing: {listed(gone)}"

        digests = before["outputs"].items()
        changed = [name for name, digest in digests if self.digests.of(there[name]) != digest]
        return f"output changed: {listed(changed)}" if changed else None

    def _why_unrecorded(self, stem: str) -> str:
        if self.pages(stem)[0].exists():
            return "did not finish last time"

        made = any(files_under(path) for path in self.outputs(stem))
        return UNRECORDED if made else NEVER_RUN

    def upstream(self, stem: str) -> list[str]:
        """The steps whose outputs a step reads, and those that these read, in order."""
        found: set[str] = set()
        waiting = [stem]
        while waiting:
            inputs = self.inputs(waiting.pop())
            for maker in self.plans.keys() - found - {stem}:
                if any(_overlap(a, b) for a in inputs for b in self.outputs(maker)):
                    found.add(maker)
                    waiting.append(maker)
        return [name for name in STEPS if name in found]

    def sentences(self, stem: str) -> list[str]:
        """One sentence for each thing a step reads, directly or not, that is not up to date."""
        found = []
        for maker in self.upstream(stem):
            why = self.why(maker)
            product = PRODUCTS[maker]
            if why == NEVER_RUN:
                found.append(f"{product} is missing: run {maker} first.")
            elif why:
                found.append(f"{product} is not up to date ({why}): run {maker} again.")
        return found

    def entry(
        self,
        stem: str,
        state: dict[str, Any],
        seconds: float,
        how: str,
        caveat: str = "",
    ) -> dict[str, Any]:
        """A step that has just ended, as run.json records it.

        Args:
            state: from before it began.
            how: BY_RUNNER, BY_HAND or BY_PAPERMILL.
            caveat: why it counts as run but not as up to date; empty: it is up to date.
        """
        pages = self.pages(stem) if how == BY_RUNNER else []
        return {
            "key": key_of(state),
            **state,
            "outputs": self.digests.under(self.outputs(stem), self.shown),
            "pages": [self.shown(page) for page in pages],
            "seconds": round(seconds, 3),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "how": how,
            "caveat": caveat,
            "vago": __version__,
        }

    def shown(self, path: Path) -> str:
        """corpus/clips.csv inside the profile's folder; else relative to the project."""
        if path.is_relative_to(self.paths.home):
            return str(path.relative_to(self.paths.home))
        return self.paths.shown(path)


def _overlap(a: Path, b: Path) -> bool:
    return a == b or a in b.parents or b in a.parents
