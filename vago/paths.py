"""Where a run keeps things. Nothing else builds a path."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from vago import VagoError
from vago.settings import Params

SPARE_BYTES = 64 * 2**20  # left free beside every file, for the metrics and the notebook itself


def project_root(start: Path | None = None) -> Path:
    """The folder that holds notebooks/ and params/: $VAGO_HOME, or the nearest one at or above `start`."""
    if home := os.environ.get("VAGO_HOME"):
        return Path(home).resolve()
    start = Path(start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "notebooks").is_dir() and (folder / "params").is_dir():
            return folder
    raise VagoError(
        f"no vago project at or above {start}: go to the folder that holds notebooks/ and params/, or set VAGO_HOME to it"
    )


@dataclass(frozen=True)
class Paths:
    """All the places of one profile's run, under `root`/outputs/<profile>/."""

    root: Path
    home: Path
    base: Path

    @classmethod
    def of(cls, p: Params, root: Path | None = None) -> Paths:
        root = Path(root) if root else project_root()
        home = root / p.outputs_root / p.profile
        return cls(root, home, root / p.base_dir if p.base_dir else home / "base")

    def recordings(self, recordings_dir: str = "") -> Path:
        return self.root / recordings_dir if recordings_dir else self.home / "recordings"

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

    def samples(self, script: str) -> Path:
        return self.home / "samples" / script

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
    def listening(self) -> Path:
        return self.home / "listening"

    @property
    def run_record(self) -> Path:
        return self.home / "run.json"

    @property
    def report(self) -> Path:
        """Pages and figures about the corpus: beside it, not in it, so that a better figure trains nothing anew."""
        return self.home / "report"

    @property
    def corrections(self) -> Path:
        """What a person decided about clips; in git, not in outputs."""
        return self.root / "params" / self.home.name / "corrections.csv"

    def script(self, name: str) -> Path:
        return self.root / "params" / "scripts" / f"{name}.yaml"

    def shown(self, path: Path) -> str:
        """`path` relative to the project where it lies inside it: what messages and records show."""
        try:
            return str(Path(path).relative_to(self.root))
        except ValueError:
            return str(path)


def sha256_of(path: Path) -> str:
    """Of the file's content; empty where there is no such file."""
    if not path.is_file():
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def need_room(folder: Path, size: int, doing: str) -> None:
    """Raise VagoError unless `size` bytes and a little more are free where `folder` lies."""
    free = shutil.disk_usage(folder).free
    if free < size + SPARE_BYTES:
        raise VagoError(
            f"{doing} needs {(size + SPARE_BYTES) / 2**20:,.0f} MiB in {folder}, {free / 2**20:,.0f} MiB are free: "
            "free some space and run again, nothing that was saved before is lost"
        )


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a small file so that it is whole or as it was: aside, flushed, then renamed.

    Raises VagoError where the folder cannot be written or has no room.
    """
    partial = path.with_name(f".{path.name}.tmp")
    try:
        with open(partial, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise VagoError(
            f"{path} cannot be written ({error}): see that the folder is writable and has room"
        ) from None
