"""What is to run: the selected notebooks, their settings checked before the first kernel starts."""

from __future__ import annotations

import ast
import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from vago import VagoError
from vago.paths import Paths
from vago.profiles import check_profile, is_layered
from vago.settings import SETTINGS_FROM, Params
from vago.synthesis.script import read_script
from vago.training.params import TrainParams
from vago.workbook.notebook import read_notebook, tags
from vago.workbook.pipeline import NOTEBOOKS

SHARED = set(Params.model_fields)


@dataclass(frozen=True)
class Plan:
    """One notebook about to run.

    cells: sources of its code cells. given: what papermill injects. p: the settings it will hold.
    origins: {setting: where it is set}; the others have their model's default.
    """

    stem: str
    source: Path
    cells: list[str]
    given: dict[str, Any]
    p: Any
    origins: dict[str, str] = field(default_factory=dict)


def select_notebooks(start: str | None, only: str | None) -> list[str]:
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
        f"there is no single notebook {text!r}: "
        f"give a number or a name out of {', '.join(NOTEBOOKS)}"
    )


def make_plans(
    profile: str, selected: list[str], overrides: dict[str, str], root: Path
) -> dict[str, Plan]:
    """Every notebook's plan by name, whether selected or not.

    An override goes to the selected notebooks that have the setting; one that all notebooks share
    goes to all, so that they agree on folders.

    Raises:
        VagoError: the first setting that is not valid.
    """
    check_profile(profile, root)
    values = {name: parse_value(name, text) for name, text in overrides.items()}
    values = with_new_names(values)
    for name in values:
        check_override(name, selected)

    plans = {}
    for stem, model in NOTEBOOKS.items():
        own = model.model_fields if stem in selected else SHARED
        applied = {name: value for name, value in values.items() if name in own}
        plans[stem] = make_plan(stem, profile, applied, root)

    check_agreement(profile, plans)
    if "06_generate_samples" in selected:
        p = plans["06_generate_samples"].p
        read_script(p.script, Paths.of(p, root))
    return plans


def make_plan(stem: str, profile: str, overrides: dict[str, Any], root: Path) -> Plan:
    """Check one notebook's settings against its model.

    What its file does not name is taken from the notebook's `parameters` cell, as by papermill.
    Where the profile has a profile.yaml, the files of the profile are joined and every setting is
    injected, so that nothing is left to the cell.
    """
    model, where = NOTEBOOKS[stem], f"params/{profile}/{stem}.yaml"
    files = model.read_files(root / where, lambda path: path.relative_to(root).as_posix())
    named = files.values.get("profile", profile)
    if named != profile:
        raise VagoError(
            f"{files.origins['profile']}: profile is {named!r}: "
            f"write `profile: {profile}`, as its folder is named"
        )
    given = {**files.values, **overrides, "profile": profile}
    origins = files.origins | dict.fromkeys(overrides, "-p")

    # the notebook's own values
    source = root / "notebooks" / f"{stem}.ipynb"
    cells = [cell for cell in read_notebook(source)["cells"] if cell["cell_type"] == "code"]
    tagged = [cell["source"] for cell in cells if "parameters" in tags(cell)]
    if len(tagged) != 1:
        raise VagoError(
            f"notebooks/{stem}.ipynb: {len(tagged)} cells are tagged `parameters`, "
            "it takes one, with the settings"
        )

    joined = is_layered(root / "params" / profile)
    own = {} if joined else literals(tagged[0], model)
    origins = dict.fromkeys(own, f"notebooks/{stem}.ipynb") | origins
    p = model.checked({**own, **given}, where, origins)
    if p.notebook != stem:
        raise VagoError(
            f"{origins.get('phase', where)}: phase = {p.phase!r} belongs to {p.notebook}, "
            f"not to {stem}: each phase has its own notebook"
        )

    dumped = p.model_dump(mode="json")
    injected = {**dumped, SETTINGS_FROM: origins} if joined else {n: dumped[n] for n in given}
    return Plan(stem, source, [cell["source"] for cell in cells], injected, p, origins)


def phases_left_out(plans: dict[str, Plan]) -> dict[str, str]:
    """{notebook: its phase} of those trainings that 05's `phases` does not name."""
    wanted = plans["05_evaluate"].p.phases
    trainings = {stem: plan.p for stem, plan in plans.items() if isinstance(plan.p, TrainParams)}
    return {stem: p.phase for stem, p in trainings.items() if p.phase not in wanted}


def literals(source: str, model: type[Params]) -> dict[str, Any]:
    """The plain `name = value` lines of a parameters cell that are settings of `model`."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue

        names = [t.id for t in targets if isinstance(t, ast.Name) and t.id in model.model_fields]
        try:
            found.update(dict.fromkeys(names, ast.literal_eval(node.value)) if names else {})
        except (ValueError, TypeError):
            continue  # a computed default: the model's own stands in for it here
    return found


def parse_value(name: str, text: str) -> Any:
    """`-p NAME TEXT` -> the YAML value of the text."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise VagoError(
            f"-p {name}: {text!r} is not a YAML value: put text with special characters in quotes"
        ) from None


def with_new_names(values: dict[str, Any]) -> dict[str, Any]:
    """Overrides under the settings' present names, whichever notebook they are for."""
    for model in set(NOTEBOOKS.values()):
        values = model.with_new_names(values, "-p")
    return values


def check_override(name: str, selected: list[str]) -> None:
    """Raise VagoError where no selected notebook has the setting."""
    if name == "profile":
        raise VagoError(
            "-p profile: the profile is named once, after `vago run`: leave this one out"
        )

    owners = [stem for stem, model in NOTEBOOKS.items() if name in model.model_fields]
    if not owners:
        known = sorted(set().union(*(model.model_fields for model in NOTEBOOKS.values())))
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"they have {', '.join(known)}"
        raise VagoError(f"-p {name}: no notebook has this setting; {hint}")

    if not set(owners) & set(selected):
        raise VagoError(
            f"-p {name}: this is a setting of {', '.join(owners)}, "
            f"and {', '.join(selected)} does not have it"
        )


def check_agreement(profile: str, plans: dict[str, Plan]) -> None:
    """Raise VagoError where the notebooks would read and write different folders."""
    first = plans["01_prepare_dataset"].p
    for stem, plan in plans.items():
        for name in ("outputs_root", "base_dir"):
            own, other = getattr(plan.p, name), getattr(first, name)
            if own != other:
                raise VagoError(
                    f"params/{profile}/{stem}.yaml: {name} is {own!r}, but {other!r} in "
                    "01_prepare_dataset: make it the same in all six"
                )
