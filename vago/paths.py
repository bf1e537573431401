"""The paths of a run's files and folders. Nothing else builds them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import vago
from vago import VagoError
from vago.files import expand_home
from vago.profiles import project_root as project_root  # which other rooms import from here
from vago.settings import Params


@dataclass(frozen=True)
class Paths:
    """All the places of one profile's run, under `root`/outputs/<profile>/."""

    root: Path
    home: Path
    base: Path

    @classmethod
    def of(cls, p: Params, root: Path | None = None) -> Paths:
        root = Path(root) if root else project_root()
        home = root / expand_home(p.outputs_root) / p.profile
        return cls(root, home, root / expand_home(p.base_dir) if p.base_dir else home / "base")

    def given(self, path: str | Path) -> Path:
        """A path from a setting: relative to the project, absolute, or below ~, the user's home."""
        return self.root / expand_home(path)

    def recordings(self, recordings_dir: str = "") -> Path:
        return self.given(recordings_dir) if recordings_dir else self.home / "recordings"

    @property
    def corpus(self) -> Path:
        return self.home / "corpus"

    @property
    def features(self) -> Path:
        return self.home / "features"

    def phase(self, name: str) -> Path:
        return self.home / "phases" / name

    @property
    def evaluation(self) -> Path:
        return self.home / "evaluation"

    @property
    def all_samples(self) -> Path:
        """A folder for each script that was spoken, with its takes."""
        return self.home / "samples"

    @property
    def takes_page(self) -> Path:
        """All takes of all scripts."""
        return self.all_samples / "index.html"

    def take(self, script: str, name: str) -> Path:
        """What was spoken of a script with one set of settings, see `synthesis.takes`."""
        return self.all_samples / script / name

    def stage(self, name: str) -> Path:
        """A stage of the base's pretraining."""
        return self.home / "stages" / name

    @property
    def export(self) -> Path:
        return self.home / "export"

    @property
    def executed(self) -> Path:
        return self.home / "notebooks"

    @property
    def by_hand(self) -> Path:
        """Copies of the notebooks, to run by hand: in the project even where `outputs_root` is not.

        JupyterLab shows nothing outside the project.
        """
        return self.root / "outputs" / self.home.name / "by_hand"

    @property
    def listening(self) -> Path:
        return self.home / "listening"

    @property
    def run_record(self) -> Path:
        return self.home / "run.json"

    @property
    def digests(self) -> Path:
        """A cache of the digests of large files, so that these are read once; can be deleted."""
        return self.home / ".digests.json"

    @property
    def run_lock(self) -> Path:
        """Held by `vago run` while it works, and by a notebook while it records its run."""
        return self.home / ".run.lock"

    @property
    def report(self) -> Path:
        """Pages and figures about the corpus; apart, so that a new figure re-trains no phase."""
        return self.home / "report"

    @property
    def comparison(self) -> Path:
        """What ASR heard in clips with a given text, see `corpus.verification`."""
        return self.report / "comparison.json"

    @property
    def unfinished(self) -> Path:
        """Ledger and report of the last run of 01 where it made no corpus of what it had cut."""
        return self.report / "unfinished"

    @property
    def corrections(self) -> Path:
        """What a person decided about clips; in git, not in outputs."""
        return self.root / "params" / self.home.name / "corrections.csv"

    def script(self, name: str) -> Path:
        """The file of a script, <name>.txt where there is no <name>.yaml; VagoError for both."""
        file = self.root / "params" / "scripts" / f"{name}.yaml"
        text = file.with_suffix(".txt")
        if not text.exists():
            return file
        if file.exists():
            raise VagoError(
                f"{self.shown(file)} and {text.name} are two scripts of one name: rename one"
            )
        return text

    def shown(self, path: Path) -> str:
        """`path` relative to the project where it lies inside it, as messages show it."""
        try:
            return str(Path(path).relative_to(self.root))
        except ValueError:
            return str(path)


def child_environment() -> dict[str, str]:
    """The environment for a child process, which then imports this copy of vago."""
    folder = Path(vago.__file__).resolve().parents[1]
    if not (folder / "pyproject.toml").exists():  # it is installed, not a checkout
        return dict(os.environ)

    search = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(search)}
