"""Where a phase's weights come from, and whether a run in its folder may be gone on with.

A lineage names the base, the corpus, the held-out set, the parent's weights and every setting that shapes the result.
It stands in each checkpoint and in phase.json; two runs with one lineage give the same weights.
"""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vago import VagoError, __version__
from vago.corpus.corpus import Corpus
from vago.model import checkpoint, xtts
from vago.model.phases import BEST, LAST, read_record
from vago.paths import Paths
from vago.training.params import TrainParams

# where things lie and how often they are told or saved does not change what is learnt
WITHOUT_EFFECT = {
    "profile",
    "outputs_root",
    "base_dir",
    "log_every",
    "save_every",
    "eval_batch_size",
}


def of(p: TrainParams, paths: Paths, corpus: Corpus, parent_sha256: str | None) -> dict[str, Any]:
    """The lineage of a phase with resolved settings `p`."""
    return {
        "phase": p.phase,
        "parent": p.parent,
        "parent_sha256": parent_sha256,
        "base_sha256": xtts.fingerprint(paths.base),
        "corpus_sha256": corpus.digest,
        "held_out_sha256": corpus.held_out["sha256"],
        "settings": {k: v for k, v in p.model_dump().items() if k not in WITHOUT_EFFECT},
        "versions": {"vago": __version__, "python": platform.python_version()}
        | {name: version(name) for name in ("torch", "coqui-tts", "transformers", "accelerate")},
    }


def parent_of(p: TrainParams, paths: Paths) -> dict[str, Any]:
    """phase.json of the parent, {} where the phase starts from the base. VagoError when the parent is not there yet."""
    if not p.parent:
        return {}
    record = read_record(paths.phase(p.parent))
    if record is None or not (paths.phase(p.parent) / BEST).exists():
        raise VagoError(
            f"{p.phase} starts from {p.parent}, which has no result in {paths.phase(p.parent)}: train {p.parent} first"
        )
    return record


def finished(folder: Path, lineage: dict[str, Any]) -> dict[str, Any] | None:
    """The record of a finished run with this very lineage whose best weights are still there, else None."""
    record = read_record(folder)
    if record and not differences(record["lineage"], lineage) and (folder / BEST).exists():
        if checkpoint.read_meta(folder / BEST).get("content_sha256") == record["best_sha256"]:
            return record
    return None


def refuse_another(folder: Path, lineage: dict[str, Any]) -> None:
    """Raise VagoError when `folder` holds an unfinished run with another lineage, naming each difference."""
    last = folder / LAST
    if last.exists() and (found := differences(checkpoint.read_meta(last)["lineage"], lineage)):
        raise VagoError(
            f"{folder} holds an unfinished run made with {'; '.join(found)}: "
            f"put that back to go on with it, or delete {last} to start anew"
        )


def differences(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """`learning_rate 5e-06 (now 1e-05)` for each thing that differs; versions aside, which only tell."""
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
            found.append(
                f"{name.removesuffix('_sha256').replace('_', '-')} {_short(then.get(name))} (now {_short(now.get(name))})"
            )
    settings = then["settings"], now["settings"]
    for name in sorted(settings[0].keys() | settings[1].keys()):
        if settings[0].get(name) != settings[1].get(name) and name not in ("phase", "parent"):
            found.append(f"{name} {settings[0].get(name)} (now {settings[1].get(name)})")
    return found


def _short(value: Any) -> str:
    return str(value)[:12]
