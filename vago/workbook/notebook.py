"""One notebook through papermill: its kernel, its progress line, its HTML, and what to say when it fails."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from vago import VagoError
from vago.paths import child_environment

# The page stands alone: no script is fetched when it is opened, so it reads the same offline.
PAGE = """{% extends 'lab/index.html.j2' %}
{% block html_head_js %}{% endblock %}{% block jupyter_widgets %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}{% block html_head_js_mermaidjs %}{% endblock %}
{% block extra_css %}<style>main { max-width: 60rem; margin: 0 auto; }</style>{% endblock %}
"""
WIDGET = "application/vnd.jupyter.widget-view+json"
MARKER = "papermill-error-cell-tag"


class NotebookFailed(VagoError):
    """A notebook stopped with an exception; the message names heading, exception and the file that was kept."""


def execute(source: Path, target: Path, parameters: dict[str, Any], root: Path) -> None:
    """Run `source` with `parameters` injected, leaving `target` and its HTML beside it, whether it succeeds or not.

    The working directory is the notebook's own folder, as in JupyterLab. Raises NotebookFailed.
    """
    import logging

    import papermill

    for name in (
        "papermill",
        "asyncio",
    ):  # what they log tears the progress line, and what matters of it is raised as well
        logging.getLogger(name).setLevel(logging.CRITICAL)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(
        missing_ok=True
    )  # a kernel that never starts must not leave the last run's notebook as its own
    failed: Exception | None = None
    try:
        papermill.execute_notebook(
            as_literal(source), as_literal(target), parameters,
            kernel_name="python3", language="python", progress_bar=False, log_output=False, autosave_cell_every=30,
            cwd=str(source.parent), kernel_manager_class=kernel_manager_class(root),
        )  # fmt: skip
    except Exception as error:  # noqa: BLE001 - whatever stopped it, the notebook is kept and the sentence below says why
        failed = error
    if not target.exists():
        raise NotebookFailed(
            f"{source.name} could not be started: {failed or 'papermill wrote nothing'}"
        ) from failed
    write_html(target, source.parent)
    if failed:
        heading, sentence = failure(read_notebook(target), failed)
        kept = target.relative_to(root) if target.is_relative_to(root) else target
        lines = (
            f"{target.stem} failed",
            f"  in    {heading}",
            f"  with  {sentence}",
            f"  kept  {kept} (and .html)",
        )
        raise NotebookFailed("\n".join(lines)) from failed


def as_literal(path: Path) -> str:
    """A path as papermill wants it: it reads braces as format fields, so they are doubled."""
    return str(path).replace("{", "{{").replace("}", "}}")


def kernel_manager_class(root: Path) -> type:
    """A kernel manager for `python3` of *this* interpreter and *this* copy of vago.

    A kernelspec named python3 in the user's home may point at any interpreter; without folders to search
    jupyter_client falls back to ipykernel's own spec, whose command is sys.executable.
    """
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager
    from traitlets import default

    env = child_environment() | {"VAGO_HOME": str(root), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}

    class ThisPython(AsyncKernelManager):
        @default("kernel_spec_manager")
        def _own_spec(self) -> KernelSpecManager:
            return KernelSpecManager(kernel_dirs=[], parent=self)

        async def _async_start_kernel(self, **options: Any) -> None:
            quiet = [
                "--IPKernelApp.log_level=CRITICAL"
            ]  # the kernel's own warnings would tear the progress line
            arguments = [*options.pop("extra_arguments", []), *quiet]
            await super()._async_start_kernel(
                **{**options, "env": env, "extra_arguments": arguments}
            )

        start_kernel = _async_start_kernel

        async def _async_shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
            # On Ctrl-C the kernel is interrupted and given a minute to save a checkpoint. After a notebook's end there is
            # nothing to interrupt, and a late interrupt can swallow the request to shut down.
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
    """An .ipynb as plain data, its cells' sources as strings. VagoError where it is missing or no notebook."""
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
    """Every markdown heading in order, without its marks; papermill's own red notes are not headings."""
    written = (c["source"] for c in cells if c["cell_type"] == "markdown" and MARKER not in tags(c))
    return [
        h.strip()
        for source in written
        for h in re.findall(r"^#{1,6}\s+(.+?)\s*#*$", source, re.MULTILINE)
    ]


def failure(notebook: dict[str, Any], error: Exception) -> tuple[str, str]:
    """The heading over the cell that failed and one sentence with the exception; a VagoError is its own sentence."""
    before: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for cell in notebook["cells"]:
        errors = [o for o in cell.get("outputs", []) if o["output_type"] == "error"]
        if errors or cell["metadata"].get("papermill", {}).get("status") in ("failed", "running"):
            break
        before.append(cell)
    heading = (headings(before) or ["the first cells"])[-1]
    if errors:
        name, value = errors[0]["ename"], errors[0]["evalue"].strip()
        return heading, value if name == "VagoError" else f"{name}: {value}".rstrip(": ")
    if type(error).__name__ == "DeadKernelError":
        return (
            heading,
            "the notebook's Python process died, most often for want of memory: free some, or lower batch_size",
        )
    return heading, f"{type(error).__name__}: {error}"


def write_html(executed: Path, folder: Path) -> Path:
    """`executed` as one readable page beside it: texts and results, no code, no empty cells, no lifeless widgets.

    `folder`: where images the markdown names are looked for; they are embedded.
    """
    import nbformat
    from nbconvert import HTMLExporter

    notebook = nbformat.read(executed, as_version=4)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if WIDGET not in o.get("data", {})]
    notebook.cells = [c for c in notebook.cells if c.cell_type != "code" or c.outputs]
    title = (headings(notebook.cells) or [executed.stem])[0]
    exporter = HTMLExporter(
        raw_template=PAGE, exclude_input=True, exclude_output_prompt=True, embed_images=True
    )
    page, _ = exporter.from_notebook_node(
        notebook, resources={"metadata": {"name": title, "path": str(folder)}}
    )
    target = executed.with_suffix(".html")
    target.write_text(page, encoding="utf-8")
    return target
