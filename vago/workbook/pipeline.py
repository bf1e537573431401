"""The six steps in order: each notebook's settings, inputs and outputs."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vago.corpus.params import CorpusParams
from vago.evaluation.params import EvaluateParams
from vago.files import expand_home
from vago.model.phases import BEST, PHASES, RECORD
from vago.model.xtts import FILES
from vago.paths import Paths
from vago.settings import Params
from vago.synthesis.params import SampleParams
from vago.synthesis.reference import does_without_corpus, reference_file
from vago.synthesis.takes import newest_folder
from vago.training.params import TrainParams

METRICS, PROGRESS = "metrics.jsonl", "progress.json"

NOTEBOOKS: dict[str, type[Params]] = {
    "01_prepare_dataset": CorpusParams,
    "02_train_baseline": TrainParams,
    "03_train_combined": TrainParams,
    "04_train_ultrafine": TrainParams,
    "05_evaluate": EvaluateParams,
    "06_generate_samples": SampleParams,
}


@dataclass(frozen=True)
class Step:
    """A notebook's inputs and outputs; a folder stands for every file in it.

    `inputs` and `outputs` take (Paths, the notebook's settings). `progress` names the file to which
    a training writes its step, None for the other notebooks. `makes_inputs`: those of its inputs
    that the notebook makes itself, before it reads them.
    """

    inputs: Callable[[Paths, Any], list[Path]]
    outputs: Callable[[Paths, Any], list[Path]]
    progress: Callable[[Paths, Any], Path | None] = lambda paths, p: None
    makes_inputs: Callable[[Paths, Any], list[Path]] = lambda paths, p: []


def base_files(paths: Paths) -> list[Path]:
    """The base's own files, or its folder where there are none."""
    files = [paths.base / name for name in FILES]
    return [file for file in files if file.exists()] or [paths.base]


def phase_files(paths: Paths, phase: str, *names: str) -> list[Path]:
    return [paths.phase(phase) / name for name in names]


def corpus_inputs(paths: Paths, p: CorpusParams) -> list[Path]:
    folder = paths.recordings(p.recordings_dir)
    inputs = [folder / expand_home(source) for source in p.sources]
    if p.speaker_sample:
        inputs.append(paths.given(p.speaker_sample))
    if paths.corrections.exists():
        inputs.append(paths.corrections)
    return inputs + base_files(paths)


def demo_inputs(paths: Paths, p: CorpusParams) -> list[Path]:
    made = [paths.recordings(p.recordings_dir)] if p.demo_voice else []
    if p.uses_bundled_base:
        made.append(paths.base)
    return made


def corpus_outputs(paths: Paths, p: CorpusParams) -> list[Path]:
    return [paths.corpus, paths.report]


def train_inputs(paths: Paths, p: TrainParams) -> list[Path]:
    parent = phase_files(paths, p.parent, BEST, RECORD) if p.parent else []
    return [paths.corpus, *base_files(paths), *parent]


def train_outputs(paths: Paths, p: TrainParams) -> list[Path]:
    return phase_files(paths, p.phase, BEST, RECORD, METRICS)


def evaluate_inputs(paths: Paths, p: EvaluateParams) -> list[Path]:
    inputs = [paths.corpus, *base_files(paths)]
    for phase in p.phases:
        inputs += phase_files(paths, phase, BEST, RECORD, METRICS)

    listened = paths.listening / "report.json"  # of `vago evaluate-speech`
    return [*inputs, listened] if listened.exists() else inputs


def sample_inputs(paths: Paths, p: SampleParams) -> list[Path]:
    inputs = [*base_files(paths), paths.script(p.script)]
    if not does_without_corpus(p, paths):
        inputs.insert(0, paths.corpus)
    if file := reference_file(p, paths):
        inputs.append(file)
    if p.phase == "base":
        return inputs
    if p.phase != "best":
        return inputs + phase_files(paths, p.phase, BEST)

    # the best may be any phase that was evaluated
    weights = [paths.phase(phase) / BEST for phase in PHASES]
    return [*inputs, paths.evaluation / "report.json", *(w for w in weights if w.exists())]


def sample_outputs(paths: Paths, p: SampleParams) -> list[Path]:
    """The take of these settings alone: others may be deleted, and index.html lists them all."""
    return [newest_folder(p, paths)]


TRAIN = Step(train_inputs, train_outputs, lambda paths, p: paths.phase(p.phase) / PROGRESS)
STEPS: dict[str, Step] = {
    "01_prepare_dataset": Step(corpus_inputs, corpus_outputs, makes_inputs=demo_inputs),
    "02_train_baseline": TRAIN,
    "03_train_combined": TRAIN,
    "04_train_ultrafine": TRAIN,
    "05_evaluate": Step(evaluate_inputs, lambda paths, p: [paths.evaluation]),
    "06_generate_samples": Step(sample_inputs, sample_outputs),
}


def files_under(path: Path) -> list[Path]:
    """The file itself, or every file in the folder and in linked ones, but for hidden files."""
    if not path.is_dir():
        return [path] if path.exists() else []

    found, seen = [], set()
    for folder, below, names in os.walk(path, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:  # a link that leads back
            below.clear()
            continue

        seen.add(real)
        below[:] = sorted(name for name in below if not name.startswith("."))
        found += [Path(folder, name) for name in sorted(names) if not name.startswith(".")]
    return found
