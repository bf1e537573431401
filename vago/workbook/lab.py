"""`vago lab`: JupyterLab on a profile's copies of the notebooks, this interpreter as its kernel."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import vago
from vago import VagoError
from vago.paths import Paths, child_environment, project_root
from vago.workbook.copies import KeptCopy, make_copies, put_aside
from vago.workbook.notebook import RUN_BY_RUNNER
from vago.workbook.pipeline import NOTEBOOKS
from vago.workbook.plans import make_plans

FIRST = "01_prepare_dataset"

# A kernel that is shut down while it trains saves its state first, as under `vago run`.
SHUTDOWN_SECONDS = 60.0

# JupyterLab's defaults here, weaker than what the user chooses in its Settings menu: no question
# about news at the start, whole file names in the file browser, long lines of code are wrapped.
# Widgets' messages are handled in the order of the clicks, not in two threads of the kernel.
DEFAULTS = Path(vago.__file__).parent / "assets" / "jupyterlab"


def open_lab(
    profile: str,
    *,
    fresh: bool = False,
    browser: bool = True,
    port: int | None = None,
    ip: str | None = None,
    root: Path | None = None,
) -> None:
    """Copy the notebooks for a profile where there are no copies yet, and open JupyterLab on them.

    Returns when JupyterLab ends, by Ctrl-C or from its menu.

    Args:
        fresh: make new copies; those that were edited or run are kept in a folder beside them.
        browser: open a browser; without, the address is printed.
        port, ip: where JupyterLab listens; None: a free port from 8888 on, this machine only.

    Raises:
        VagoError: an unknown profile, settings that are not valid, or JupyterLab is not installed.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise VagoError(
            f"JupyterLab is not installed for {sys.executable}: "
            "install it there (pip install jupyterlab), or run `make lab`"
        )

    # the copies
    root = Path(root).resolve() if root else project_root()
    plans = make_plans(profile, list(NOTEBOOKS), {}, root)
    paths = Paths.of(plans[FIRST].p, root)
    if fresh and (aside := put_aside(paths)):
        print(f"the copies that you have edited or run are now in {paths.shown(aside)}/")
    kept = make_copies(paths, plans)
    for sentence in kept_sentences(kept, paths, profile):
        print(sentence)

    where = paths.shown(paths.by_hand)
    print(f"JupyterLab: the notebooks of profile {profile} are in {where}/; Ctrl-C here ends it")
    sys.stdout.flush()

    # kernels inherit the environment
    os.environ.update(child_environment() | {"VAGO_HOME": str(root)})
    os.environ.pop(RUN_BY_RUNNER, None)
    serve(lab_options(paths, port, ip), browser)
    print("JupyterLab has ended; what was saved is kept")


def kept_sentences(kept: list[KeptCopy], paths: Paths, profile: str) -> list[str]:
    """What to say about copies that stayed though what they were made from has changed."""
    changed = [one for one in kept if one.change]
    if not changed:
        return []

    sentences = [f"{paths.shown(one.path)} stays as you left it ({one.change})" for one in changed]
    return [
        *sentences,
        f"`vago lab {profile} --fresh` makes new copies and keeps these under another name",
    ]


def lab_options(paths: Paths, port: int | None, ip: str | None) -> dict[str, Any]:
    """JupyterLab's own options by name: they are stronger than the user's configuration files."""
    notebooks = paths.by_hand.relative_to(paths.root).as_posix()
    options: dict[str, Any] = {
        "ServerApp.root_dir": str(paths.root),
        "ServerApp.kernel_spec_manager_class": "vago.workbook.kernelspec.OwnPython",
        "ServerApp.answer_yes": True,  # Ctrl-C ends it without a question
        "ServerApp.allow_root": True,  # in a container there is no other user
        "Application.log_level": "ERROR",  # and the address
        "KernelManager.shutdown_wait_time": SHUTDOWN_SECONDS,
        "LabApp.default_url": f"/lab/tree/{notebooks}/{FIRST}.ipynb",
        "LabApp.app_settings_dir": str(DEFAULTS),
    }
    if port is not None:
        options |= {"ServerApp.port": port, "ServerApp.port_retries": 0}
    if ip is not None:
        options["ServerApp.ip"] = ip
    return options


def serve(options: dict[str, Any], browser: bool) -> None:
    """Run JupyterLab in this process until it ends."""
    from jupyterlab.labapp import LabApp

    arguments = [f"--{name}={value}" for name, value in options.items()]
    LabApp.launch_instance(arguments if browser else [*arguments, "--no-browser"])
