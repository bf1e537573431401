"""The six steps: what each notebook reads, what it leaves behind, and its checked parameters."""

from __future__ import annotations

import ast
import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vago import VagoError
from vago.corpus.params import CorpusParams
from vago.evaluation.params import EvaluateParams
from vago.model.phases import PHASES
from vago.model.xtts import FILES
from vago.paths import Paths
from vago.settings import Params, read_yaml
from vago.synthesis.params import SampleParams, Script
from vago.training.params import TrainParams
from vago.workbook.notebook import read_notebook, tags

SHARED = set(Params.model_fields)


@dataclass(frozen=True)
class Step:
    """Paths a notebook reads and leaves behind; a folder stands for every file in it.

    `inputs` and `outputs` take (Paths, the notebook's parameters). `progress` names the file a training writes its step to.
    """

    inputs: Callable[[Paths, Any], list[Path]]
    outputs: Callable[[Paths, Any], list[Path]]
    progress: Callable[[Paths, Any], Path | None] = lambda paths, p: None


def makes_base(p: Any) -> bool:
    """Whether step 01 opens the base that comes with vago."""
    return p.demo_voice and not p.base_dir


def base_files(paths: Paths) -> list[Path]:
    """The base's own files, its folder where there are none yet: it may also hold a licence, a manifest, files moved aside."""
    return [path for name in FILES if (path := paths.base / name).exists()] or [paths.base]


def corpus_inputs(paths: Paths, p: Any) -> list[Path]:
    recordings = (
        []
        if p.demo_voice
        else [paths.recordings(p.recordings_dir) / source for source in p.sources]
    )
    corrected = [paths.corrections] if paths.corrections.exists() else []
    sample = [paths.root / p.speaker_sample] if p.speaker_sample else []
    return recordings + sample + corrected + ([] if makes_base(p) else base_files(paths))


def corpus_outputs(paths: Paths, p: Any) -> list[Path]:
    recordings = [paths.recordings(p.recordings_dir)] if p.demo_voice else []
    return [paths.corpus, paths.report, *recordings] + (base_files(paths) if makes_base(p) else [])


def phase_files(paths: Paths, *names: str) -> Callable[[str], list[Path]]:
    return lambda phase: [paths.phase(phase) / name for name in names]


def train_inputs(paths: Paths, p: Any) -> list[Path]:
    parent = phase_files(paths, "best.safetensors", "phase.json")(p.parent) if p.parent else []
    return [paths.corpus, *base_files(paths), *parent]


def train_outputs(paths: Paths, p: Any) -> list[Path]:
    return phase_files(paths, "best.safetensors", "phase.json", "metrics.jsonl")(p.phase)


def evaluate_inputs(paths: Paths, p: Any) -> list[Path]:
    files = phase_files(paths, "best.safetensors", "phase.json", "metrics.jsonl")
    return [
        paths.corpus,
        *base_files(paths),
        *(file for phase in p.phases for file in files(phase)),
    ]


def sample_inputs(paths: Paths, p: Any) -> list[Path]:
    common = [paths.corpus, *base_files(paths), paths.script(p.script)]
    if p.phase != "best":
        return common + ([] if p.phase == "base" else [paths.phase(p.phase) / "best.safetensors"])
    weights = [
        paths.phase(phase) / "best.safetensors" for phase in PHASES
    ]  # the best may be any that was evaluated
    return [*common, paths.evaluation / "report.json", *(w for w in weights if w.exists())]


TRAIN = Step(train_inputs, train_outputs, lambda paths, p: paths.phase(p.phase) / "progress.json")
STEPS: dict[str, Step] = {
    "01_prepare_dataset": Step(corpus_inputs, corpus_outputs),
    "02_train_baseline": TRAIN,
    "03_train_combined": TRAIN,
    "04_train_ultrafine": TRAIN,
    "05_evaluate": Step(evaluate_inputs, lambda paths, p: [paths.evaluation]),
    "06_generate_samples": Step(sample_inputs, lambda paths, p: [paths.samples(p.script)]),
}


def files_under(path: Path) -> list[Path]:
    """The file itself, or every file in the folder, linked folders too; hidden ones are nobody's input."""
    if not path.is_dir():
        return [path] if path.exists() else []
    found, seen = [], set()
    for folder, below, names in os.walk(path, followlinks=True):
        real = os.path.realpath(folder)
        below[:] = sorted(b for b in below if not b.startswith(".")) if real not in seen else []
        if real not in seen:
            found += [Path(folder, name) for name in sorted(names) if not name.startswith(".")]
        seen.add(real)
    return found


@dataclass(frozen=True)
class Plan:
    """One notebook about to be run: `given` is what papermill injects, `p` what the notebook will then hold."""

    stem: str
    source: Path
    cells: list[str]
    given: dict[str, Any]
    p: Any


def select(start: str | None, only: str | None) -> list[str]:
    """The notebooks to run, in order."""
    if only:
        return [step_named(only)]
    names = list(NOTEBOOKS)
    return names[names.index(step_named(start)) :] if start else names


def step_named(text: str) -> str:
    """'3', '03', '03_train' or the whole name -> '03_train_combined'."""
    prefix = text.zfill(2) if text.isdigit() else text.removesuffix(".ipynb")
    found = [name for name in NOTEBOOKS if name.startswith(prefix)]
    if prefix and len(found) == 1:
        return found[0]
    raise VagoError(
        f"there is no single notebook {text!r}: it takes a number or a name out of {', '.join(NOTEBOOKS)}"
    )


def make_plans(
    profile: str, selected: list[str], overrides: dict[str, str], root: Path
) -> dict[str, Plan]:
    """Every notebook's checked parameters, by name, whether selected or not. Raises VagoError for the first that will not do.

    An override goes to the selected notebooks that have the setting; one that all notebooks share goes to all, so that they
    agree on folders.
    """
    check_profile(profile, root)
    values = {name: parse_value(name, text) for name, text in overrides.items()}
    for name in values:
        check_override(name, selected)
    plans = {}
    for stem, model in NOTEBOOKS.items():
        applied = {
            n: v
            for n, v in values.items()
            if n in SHARED or (stem in selected and n in model.model_fields)
        }
        plans[stem] = make_plan(stem, profile, applied, root)
    first = plans["01_prepare_dataset"].p
    for stem, plan in plans.items():
        for name in ("outputs_root", "base_dir"):
            mine, other = getattr(plan.p, name), getattr(first, name)
            if mine != other:
                where = f"params/{profile}/{stem}.yaml"
                raise VagoError(
                    f"{where}: {name} is {mine!r}, but {other!r} in 01_prepare_dataset: make it the same in all six"
                )
    if "06_generate_samples" in selected:
        Script.load(root / "params" / "scripts" / f"{plans['06_generate_samples'].p.script}.yaml")
    return plans


def parse_value(name: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise VagoError(
            f"-p {name}: {text!r} is not a YAML value: put text with special characters in quotes"
        ) from None


def check_override(name: str, selected: list[str]) -> None:
    owners = [stem for stem, model in NOTEBOOKS.items() if name in model.model_fields]
    if name == "profile":
        raise VagoError(
            "-p profile: the profile is named once, after `vago run`: leave this one out"
        )
    if not owners:
        known = sorted(set().union(*(model.model_fields for model in NOTEBOOKS.values())))
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"they know {', '.join(known)}"
        raise VagoError(f"-p {name}: no notebook has this setting; {hint}")
    if not set(owners) & set(selected):
        raise VagoError(
            f"-p {name}: this is a setting of {', '.join(owners)}, and {', '.join(selected)} does not have it"
        )


def make_plan(stem: str, profile: str, overrides: dict[str, Any], root: Path) -> Plan:
    """Check one notebook's parameter file against its model.

    What the file does not name, the notebook's own `parameters` cell does, as under plain papermill.
    """
    model, where = NOTEBOOKS[stem], f"params/{profile}/{stem}.yaml"
    given = read_yaml(root / where)
    if given.get("profile", profile) != profile:
        raise VagoError(
            f"{where}: profile is {given['profile']!r}: write `profile: {profile}`, as its folder is named"
        )
    given = {**given, **overrides, "profile": profile}
    source = root / "notebooks" / f"{stem}.ipynb"
    cells = [cell for cell in read_notebook(source)["cells"] if cell["cell_type"] == "code"]
    tagged = [cell["source"] for cell in cells if "parameters" in tags(cell)]
    if len(tagged) != 1:
        raise VagoError(
            f"notebooks/{stem}.ipynb: {len(tagged)} cells are tagged `parameters`, it takes one, with the settings"
        )
    p = model.checked({**literals(tagged[0], model), **given}, where=where)
    if p.notebook != stem:
        raise VagoError(
            f"{where}: phase = {p.phase!r} belongs to {p.notebook}, not to {stem}: each phase has its own notebook"
        )
    dumped = p.model_dump(mode="json")
    return Plan(
        stem, source, [cell["source"] for cell in cells], {name: dumped[name] for name in given}, p
    )


def literals(source: str, model: type[Params]) -> dict[str, Any]:
    """The plain `name = value` lines of a parameters cell that are settings of `model`."""
    found = {}
    for node in ast.parse(source).body:
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign)
            else []
        )
        names = [t.id for t in targets if isinstance(t, ast.Name) and t.id in model.model_fields]
        try:
            found.update(dict.fromkeys(names, ast.literal_eval(node.value)) if names else {})
        except (ValueError, TypeError):
            continue  # a computed default: the model's own stands in for it here
    return found


NOTEBOOKS: dict[str, type[Params]] = {
    "01_prepare_dataset": CorpusParams,
    "02_train_baseline": TrainParams,
    "03_train_combined": TrainParams,
    "04_train_ultrafine": TrainParams,
    "05_evaluate": EvaluateParams,
    "06_generate_samples": SampleParams,
}
