"""The real JupyterLab, started by `vago lab` and used through a browser."""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from vago.paths import child_environment

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ADDRESS = re.compile(r"http://127\.0\.0\.1:\S+")
# the folders of a user's own Jupyter and IPython, which a test neither reads nor writes
HOME_FOLDERS = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
    "IPYTHONDIR",
)
START_SECONDS, CELL_SECONDS = 60.0, 120.0

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")


def until(condition: Callable[[], Any], what: str, seconds: float = CELL_SECONDS) -> Any:
    """Wait until `condition()` is true; its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


class RunningLab:
    """A `vago lab` at work. address: with its token. log: what it has printed so far."""

    def __init__(self, root: Path, profile: str, home: Path, options: tuple[str, ...] = ()):
        env = child_environment() | {name: str(home / name.lower()) for name in HOME_FOLDERS}
        env["VAGO_HOME"] = str(root)
        command = [sys.executable, "-m", "vago", "lab", profile, "--no-browser", "--port", "0"]
        home.mkdir(parents=True, exist_ok=True)
        self.file = home / "lab.log"

        # a terminal, as a person has: only there does Jupyter handle Ctrl-C by itself; elsewhere
        # it is a KeyboardInterrupt, which one of the libraries below may swallow
        self.keyboard, terminal = pty.openpty()
        with open(self.file, "w") as log:
            self.process = subprocess.Popen(
                [*command, *options],
                cwd=root,
                env=env,
                stdin=terminal,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        os.close(terminal)
        self.address = until(self._address, "JupyterLab printed its address", START_SECONDS)

    @property
    def log(self) -> str:
        return self.file.read_text(encoding="utf-8")

    def _address(self) -> str | None:
        assert self.process.poll() is None, self.log
        found = ADDRESS.search(self.log)
        return found.group() if found else None

    def ctrl_c(self, seconds: float = 90.0) -> int:
        """Ctrl-C in its terminal; its exit code."""
        self.process.send_signal(signal.SIGINT)
        until(lambda: self.process.poll() is not None, f"it ends by Ctrl-C:\n{self.log}", seconds)
        return self.process.returncode


@contextmanager
def running_lab(root: Path, profile: str, home: Path, *options: str) -> Iterator[RunningLab]:
    """JupyterLab on a project, ended afterwards; `home` stands for the user's own folder."""
    lab = RunningLab(root, profile, home, options)
    try:
        yield lab
    finally:
        if lab.process.poll() is None:
            lab.process.send_signal(signal.SIGTERM)
            try:
                lab.process.wait(90)
            except subprocess.TimeoutExpired:
                lab.process.kill()
        os.close(lab.keyboard)


@contextmanager
def browser_page(width: int = 1440, height: int = 900) -> Iterator[Any]:
    """A page of a headless chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser.new_page(viewport={"width": width, "height": height})
        finally:
            browser.close()


class LabPage:
    """What a person does in JupyterLab: menus, buttons and the file browser."""

    def __init__(self, page: Any, address: str):
        self.page = page
        page.set_default_timeout(CELL_SECONDS * 1000)
        page.goto(address)
        self.shown = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        self.wait_idle()

    def wait_idle(self) -> None:
        """Wait until the kernel of the notebook in front does nothing.

        A notebook that has no kernel yet calls itself idle as well, and loses what is run in it.
        """
        self.page.get_by_text(re.compile(r"Python 3 .*\| Idle")).first.wait_for()
        self.indicator("idle").wait_for()

    def indicator(self, status: str) -> Any:
        selector = f'.jp-Notebook-ExecutionIndicator[data-status="{status}"]'
        return self.shown.locator(selector).first

    def menu(self, menu: str, entry: str) -> None:
        """Choose an entry of the menu bar."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{menu}$")).click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{entry}$")).click()

    def run_all(self) -> None:
        self.menu("Run", "Run All Cells")

    def open(self, name: str) -> None:
        """Double-click a file in the file browser."""
        self.page.locator(".jp-DirListing-itemName", has_text=name).dblclick()
        self.page.locator(f'.lm-TabBar-tab.lm-mod-current:has-text("{name}")').wait_for()
        self.wait_idle()

    def tool(self, name: str) -> None:
        """Press a button of the notebook's toolbar: interrupt, restart, save."""
        self.shown.locator(f'[data-jp-item-name="{name}"]').click()

    def stop(self) -> None:
        self.tool("interrupt")

    def restart(self) -> None:
        """Restart the kernel and confirm it."""
        self.tool("restart")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.locator(".jp-Dialog").wait_for(state="detached")
        self.wait_idle()

    def save(self, file: Path) -> None:
        """Save the notebook in front, which is `file`."""
        before = file.stat().st_mtime_ns
        self.tool("save")
        until(lambda: file.stat().st_mtime_ns != before, f"{file.name} is saved", 30.0)
