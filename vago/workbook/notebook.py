"""One notebook through papermill: its kernel, and the message when it fails."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from vago import VagoError
from vago.paths import child_environment
from vago.workbook.page import write_page

MARKER = "papermill-error-cell-tag"
RUN_BY_RUNNER = "VAGO_RUN"  # set in the kernels of `vago run`, which records its steps itself


class NotebookFailed(VagoError):
    """A notebook stopped: the message names heading, exception and the file that was kept."""


def execute(source: Path, target: Path, parameters: dict[str, Any], root: Path) -> None:
    """Run `source` with `parameters` injected, leaving `target` and its HTML, even on failure.

    The working directory is the notebook's own folder, as in JupyterLab.

    Raises:
        NotebookFailed: a cell raised, or the kernel did not start or died.
    """
    import logging

    import papermill

    # their log lines would break the progress line; errors are raised as well
    for name in ("papermill", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)

    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)  # or, when no kernel starts, the last run's file would stay

    failed: Exception | None = None
    try:
        papermill.execute_notebook(
            as_literal(source),
            as_literal(target),
            parameters,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            log_output=False,
            autosave_cell_every=30,
            cwd=str(source.parent),
            kernel_manager_class=kernel_manager_class(root),
        )
    except Exception as error:  # noqa: BLE001 - reported below, after the page is written
        failed = error

    if not target.exists():
        reason = failed or "papermill wrote nothing"
        raise NotebookFailed(f"{source.name} could not be started: {reason}") from failed

    title = (headings(read_notebook(target)["cells"]) or [target.stem])[0]
    write_page(target, source.parent, title)
    if failed:
        raise NotebookFailed(_report(target, failed, root)) from failed


def _report(target: Path, error: Exception, root: Path) -> str:
    heading, sentence = failure(read_notebook(target), error)
    kept = target.relative_to(root) if target.is_relative_to(root) else target
    lines = (
        f"{target.stem} failed",
        f"  in    {heading}",
        f"  with  {sentence}",
        f"  kept  {kept} (and .html)",
    )
    return "\n".join(lines)


def as_literal(path: Path) -> str:
    """A path for papermill, which reads braces as format fields: they are doubled."""
    return str(path).replace("{", "{{").replace("}", "}}")


def kernel_manager_class(root: Path) -> type:
    """A kernel manager for `python3` of *this* interpreter and *this* copy of vago."""
    from jupyter_client import AsyncKernelManager
    from traitlets import default

    from vago.workbook.kernelspec import OwnPython

    env = child_environment() | {
        "VAGO_HOME": str(root),
        RUN_BY_RUNNER: "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }

    class QuietPython(OwnPython):
        kernel_log_level = "CRITICAL"  # the kernel's own messages would break the progress line

    class ThisPython(AsyncKernelManager):
        @default("kernel_spec_manager")
        def _own_spec(self) -> OwnPython:
            return QuietPython(parent=self)

        async def _async_start_kernel(self, **options: Any) -> None:
            await super()._async_start_kernel(**options | {"env": env})

        start_kernel = _async_start_kernel

        async def _async_shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
            # On Ctrl-C the kernel is interrupted and given a minute to save a checkpoint. After a
            # notebook's end there is nothing to interrupt, and a late interrupt can swallow the
            # request to shut down.
            self.stopping = isinstance(sys.exc_info()[1], KeyboardInterrupt)
            self.shutdown_wait_time = 60.0 if self.stopping else 5.0
            await super()._async_shutdown_kernel(now, restart)

        shutdown_kernel = _async_shutdown_kernel

        async def _async_interrupt_kernel(self) -> None:
            if not self.shutting_down or self.stopping:
                await super()._async_interrupt_kernel()

        interrupt_kernel = _async_interrupt_kernel

    return ThisPython


def read_notebook(path: Path) -> dict[str, Any]:
    """An .ipynb as plain data, its cells' sources as strings.

    Raises:
        VagoError: it is missing or no notebook.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            cell["source"] = "".join(cell["source"])
    except FileNotFoundError:
        raise VagoError(
            f"{path} does not exist: the workbook needs all six notebooks, get it back from git"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise VagoError(f"{path} is not a notebook: get it back from git") from None
    return notebook


def tags(cell: dict[str, Any]) -> list[str]:
    return cell.get("metadata", {}).get("tags", [])


def headings(cells: list[dict[str, Any]]) -> list[str]:
    """Every markdown heading in order, without its marks; papermill's own notes are left out."""
    found = []
    for cell in cells:
        if cell["cell_type"] == "markdown" and MARKER not in tags(cell):
            found += re.findall(r"^#{1,6}\s+(.+?)\s*#*$", cell["source"], re.MULTILINE)
    return [heading.strip() for heading in found]


def failure(notebook: dict[str, Any], error: Exception) -> tuple[str, str]:
    """(heading over the cell that failed, one sentence with the exception).

    The message of a VagoError is the sentence.
    """
    before: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for cell in notebook["cells"]:
        errors = [out for out in cell.get("outputs", []) if out["output_type"] == "error"]
        status = cell["metadata"].get("papermill", {}).get("status")
        if errors or status in ("failed", "running"):
            break
        before.append(cell)
    heading = (headings(before) or ["the first cells"])[-1]

    if errors:
        name, value = errors[0]["ename"], errors[0]["evalue"].strip()
        return heading, value if name == "VagoError" else f"{name}: {value}".rstrip(": ")

    if type(error).__name__ == "DeadKernelError":
        sentence = (
            "the notebook's Python process died, most often because memory ran out: "
            "free some, or lower batch_size"
        )
        return heading, sentence
    return heading, f"{type(error).__name__}: {error}"
