"""A notebook's first and last call: what it runs with, what is stale, and that it was run.

`vago run` records its steps itself. A notebook run in JupyterLab or by plain papermill records
itself here, in the same way.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from typing import Any

from filelock import FileLock, Timeout

from vago import VagoError
from vago.display import notebook
from vago.files import write_json
from vago.paths import Paths
from vago.settings import SETTINGS_FROM, Params
from vago.workbook.executed import departures
from vago.workbook.freshness import BY_HAND, BY_PAPERMILL, Freshness
from vago.workbook.notebook import RUN_BY_RUNNER, read_notebook
from vago.workbook.pipeline import NOTEBOOKS, STEPS, files_under
from vago.workbook.plans import Plan, make_plans
from vago.workbook.progress import duration
from vago.workbook.record import difference, key_of, read_run
from vago.workbook.settings_table import settings_html

LOCK_SECONDS = 5.0


@dataclass
class Session:
    """A step between its notebook's first and last cell.

    cells: the tracked notebook's. profile: its plan with the profile's own settings, None where the
    profile has none. state: before it began. earlier: its entry in run.json then.
    """

    stem: str
    p: Params
    fresh: Freshness
    cells: list[dict[str, Any]]
    profile: Plan | None
    state: dict[str, Any] = field(default_factory=dict)
    earlier: dict[str, Any] | None = None
    started: float = field(default_factory=time.monotonic)


_open: dict[str, Session] = {}
_code: dict[str, dict[str, str]] = {}  # of each step, when this kernel first imported it


def begin(p: Params, paths: Paths) -> None:
    """Show versions, device and settings of this run, and what it reads that is not up to date.

    What is up to date is not mentioned. Begins the time that `finish` records.
    """
    notebook.watch_cells()
    notebook.about()
    notebook.markup(settings_html(p, paths))
    _open.pop(p.notebook, None)

    try:
        session = _opened(p, paths)
        notebook.markup(stale_html(session.fresh.sentences(session.stem)))
        session.fresh.digests.save()
        _open[p.notebook] = session
    except (VagoError, OSError) as error:
        print(f"whether what this notebook reads is up to date is not known: {error}")


def stale_html(sentences: Iterable[str]) -> str:
    """A box with one sentence a line; empty without sentences."""
    lines = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    if not lines:
        return ""
    return f'<div style="border-left:4px solid #c60;padding-left:0.8em">{lines}</div>'


def _opened(p: Params, paths: Paths) -> Session:
    stem = p.notebook
    source = paths.root / "notebooks" / f"{stem}.ipynb"
    cells = read_notebook(source)["cells"]
    code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]

    # the other steps with the profile's settings, this one with those that it really has
    plans = _profile_plans(p, paths)
    profile = plans.get(stem)
    fresh = Freshness(paths, {**plans, stem: Plan(stem, source, code, {}, p)})
    session = Session(stem, p, fresh, cells, profile, earlier=fresh.record["steps"].get(stem))

    if RUN_BY_RUNNER not in os.environ:
        session.state = fresh.state(stem)
        # a kernel that imported vago before its code was changed goes on with the earlier code
        now = session.state["code"]
        session.state["code"] = _code.setdefault(stem, now) | {"notebook": now["notebook"]}
    return session


def _profile_plans(p: Params, paths: Paths) -> dict[str, Plan]:
    """Every notebook's plan with the profile's settings; empty where these cannot be read."""
    folders = {name: json.dumps(getattr(p, name)) for name in ("outputs_root", "base_dir")}
    try:
        return make_plans(p.profile, list(NOTEBOOKS), folders, paths.root)
    except VagoError as error:
        print(f"whether the steps before this one are up to date is not known: {error}")
        return {}


def finish(p: Params, paths: Paths) -> None:
    """Record in run.json that this notebook was run, with its time, as `vago run` records it.

    A run whose inputs have changed since `begin`, or whose cells were edited or left out, is
    recorded with that caveat, and `vago run` runs it again. A record that is up to date is kept.
    Never raises: the notebook's work is done. Under `vago run`, which records itself, nothing
    happens.
    """
    notebook.free_gpu()
    if RUN_BY_RUNNER in os.environ:
        return

    try:
        if p.notebook not in _open:
            raise VagoError("session.begin, in the first code cell, was not run or failed")
        print(_recorded(_open[p.notebook], paths))
    except Exception as error:  # noqa: BLE001 - the notebook's results are there all the same
        print(f"this run is not recorded in {paths.shown(paths.run_record)}: {error}")


def _recorded(session: Session, paths: Paths) -> str:
    """Record the session; the sentence that says so.

    Raises:
        VagoError: there is nothing to record, or another run is at work.
    """
    stem, fresh = session.stem, session.fresh
    seconds = time.monotonic() - session.started
    empty = [path for path in fresh.outputs(stem) if not files_under(path)]
    if empty:
        raise VagoError(f"{paths.shown(empty[0])} is missing or empty")

    how = BY_HAND if notebook.is_interactive() else BY_PAPERMILL
    state, caveat = _compared(session, how)
    entry = fresh.entry(stem, state, seconds, how, caveat)
    fresh.digests.save()

    try:
        with FileLock(paths.run_lock, timeout=LOCK_SECONDS):
            return _written(session, paths, entry)
    except Timeout:
        raise VagoError(
            f"`vago run` is at work in {paths.shown(paths.home)}: wait for its end, "
            "then run this cell again"
        ) from None


def _compared(session: Session, how: str) -> tuple[dict[str, Any], str]:
    """(the state that this run belongs to, why it is not up to date: empty where it is)."""
    model, fresh = type(session.p), session.fresh
    settings = {*model.model_fields, *model.renamed, SETTINGS_FROM}
    departed = departures(session.cells, notebook.executed_cells(), settings)
    if departed:
        return session.state, f"run {how} {departed}"

    # what the notebook makes for itself, and then reads, is no change
    now = fresh.state(session.stem)
    made = STEPS[session.stem].makes_inputs(fresh.paths, session.p)
    own = set(fresh.digests.under(made, fresh.shown))
    before, after = _without_inputs(session.state, own), _without_inputs(now, own)
    if key_of(before) != key_of(after):
        return session.state, f"run {how}, and meanwhile {difference(before, after)}"
    return now, ""


def _without_inputs(state: dict[str, Any], names: set[str]) -> dict[str, Any]:
    inputs = {name: digest for name, digest in state["inputs"].items() if name not in names}
    return {**state, "inputs": inputs}


def _written(session: Session, paths: Paths, entry: dict[str, Any]) -> str:
    """Write an entry, with the lock held, unless the one that is there is up to date."""
    stem, where = session.stem, paths.shown(paths.run_record)
    record = read_run(paths)
    earlier = record["steps"].get(stem)
    if earlier != session.earlier:
        raise VagoError(f"{stem} was run by another process at the same time")

    if earlier and session.profile:
        if Freshness(paths, {stem: session.profile}).why(stem) is None:
            return f"{where} is as it was: the results that it has for {stem} are up to date"

    record["steps"][stem] = session.earlier = entry
    paths.home.mkdir(parents=True, exist_ok=True)
    write_json(paths.run_record, record)
    session.fresh.pages(stem)[1].unlink(missing_ok=True)  # it shows an earlier run's results

    done = f"recorded in {where}: {stem}, run {entry['how']} in {duration(entry['seconds'])}"
    if not entry["caveat"]:
        return done
    return f"{done}, but not as up to date ({entry['caveat']}): `vago run` will run it again"
