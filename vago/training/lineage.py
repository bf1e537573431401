"""Where a phase's weights come from, and whether they are up to date.

A lineage names the base, the corpus, its validation and test sets, the parent's weights, the code
that trains and every setting that shapes the result. It is part of each checkpoint and of
phase.json; two runs with one lineage give the same weights.
"""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vago import VagoError, __version__
from vago.corpus.corpus import Corpus
from vago.fingerprint import changed_names, code_digests, listed
from vago.model import checkpoint, xtts
from vago.model.phases import BEST, LAST, read_record
from vago.paths import Paths
from vago.training.params import TrainParams

# Where files lie and how often something is logged or saved does not shape the weights.
SETTINGS_WITHOUT_EFFECT = {
    "profile",
    "outputs_root",
    "base_dir",
    "log_every",
    "save_every",
    "eval_batch_size",
}
TRAINER = "vago.training.train"
CODE_WITHOUT_EFFECT = (
    "vago.files",
    "vago.fingerprint",
    "vago.paths",
    "vago.profiles",
    "vago.training.lineage",
    "vago.training.monitor",
    "vago.training.processes",
)


def of(p: TrainParams, paths: Paths, corpus: Corpus, parent_sha256: str | None) -> dict[str, Any]:
    """The lineage of a phase with resolved settings `p`."""
    settings = p.model_dump()
    for name in SETTINGS_WITHOUT_EFFECT:
        settings.pop(name)

    packages = ("torch", "coqui-tts", "transformers", "accelerate")
    versions = {name: version(name) for name in packages}

    return {
        "phase": p.phase,
        "parent": p.parent,
        "parent_sha256": parent_sha256,
        "base_sha256": xtts.fingerprint(paths.base),
        "corpus_sha256": corpus.digest,
        "held_out_sha256": corpus.held_out["sha256"],
        "settings": settings,
        "code": training_code(),
        "versions": {"vago": __version__, "python": platform.python_version()} | versions,
    }


def training_code() -> dict[str, str]:
    """{"vago/training/loss.py": digest} of all code that shapes the weights."""
    digests = code_digests([TRAINER], aside=CODE_WITHOUT_EFFECT)
    return {name: digest[:16] for name, digest in digests.items()}


def parent_of(p: TrainParams, paths: Paths) -> dict[str, Any]:
    """phase.json of the parent; {} where the phase starts from the base.

    Raises:
        VagoError: the parent has not been trained yet.
    """
    if not p.parent:
        return {}

    folder = paths.phase(p.parent)
    record = read_record(folder)
    if record is None or not (folder / BEST).exists():
        raise VagoError(
            f"{p.phase} starts from {p.parent}, which has no result in {folder}: "
            f"train {p.parent} first"
        )
    return record


def finished(folder: Path, lineage: dict[str, Any]) -> dict[str, Any] | None:
    """The record of a finished run with this lineage whose best weights are there, else None."""
    record = read_record(folder)
    if record is None or differences(record["lineage"], lineage) or not (folder / BEST).exists():
        return None

    saved = checkpoint.read_meta(folder / BEST).get("content_sha256")
    return record if saved == record["best_sha256"] else None


def refuse_another(folder: Path, lineage: dict[str, Any]) -> None:
    """Raise VagoError, naming what differs, for an unfinished run with another lineage."""
    last = folder / LAST
    if not last.exists():
        return

    found = differences(checkpoint.read_meta(last)["lineage"], lineage)
    if found:
        raise VagoError(
            f"{folder} holds an unfinished run made with {'; '.join(found)}: "
            f"restore that to resume it, or delete {last} to start again"
        )


def differences(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """`learning_rate 5e-06 (now 1e-05)` for each difference; package versions do not count."""
    found = []
    for name in (
        "phase",
        "parent",
        "parent_sha256",
        "base_sha256",
        "corpus_sha256",
        "held_out_sha256",
    ):
        if then.get(name) != now.get(name):
            label = name.removesuffix("_sha256").replace("_", "-")
            found.append(f"{label} {_short(then.get(name))} (now {_short(now.get(name))})")

    old, new = then["settings"], now["settings"]
    for name in sorted((old.keys() | new.keys()) - {"phase", "parent"}):
        if old.get(name) != new.get(name):
            found.append(f"{name} {old.get(name)} (now {new.get(name)})")

    changed = changed_names(then.get("code", {}), now["code"])
    if changed:
        found.append(f"other code in {listed(changed)}")
    return found


def _short(value: Any) -> str:
    return str(value)[:12]
