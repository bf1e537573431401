"""Settings read from YAML files and notebook cells: checked by pydantic, unknown names refused."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vago import VagoError
from vago.profiles import SHARED_FILE, is_layered, project_root, settings_files

NAME = r"^[A-Za-z0-9_-]+$"  # of a profile or a script: it becomes part of a path
NOTEBOOKS_OWN = {"In", "Out", "exit", "quit", "get_ipython", "open"}

# The modules with the notebooks' settings, by name, since they stand above this one
MODELS = (
    "vago.corpus.params",
    "vago.training.params",
    "vago.evaluation.params",
    "vago.synthesis.params",
)

# Injected into a notebook beside its settings: {setting: file that sets it}, where the profile's
# settings are in several files. Without it, a notebook may have only the settings of one file.
SETTINGS_FROM = "settings_from"


@dataclass(frozen=True)
class FileSettings:
    """What the files of a profile set for one notebook.

    values: by name. origins: {setting: the file that sets it, as messages show it}.
    """

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)


class Params(BaseModel):
    """What every notebook shares; each room's `params` module adds its settings in a subclass."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    notebook: ClassVar[str] = ""
    renamed: ClassVar[dict[str, str]] = {}  # earlier name -> name; the earlier one is still read

    profile: str = Field("demo", pattern=NAME, description="names the folder outputs/<profile>/")
    outputs_root: str = Field("outputs", description="holds all profiles' folders")
    base_dir: str = Field("", description="folder of the base model; empty: outputs/<profile>/base")
    seed: int = Field(1, ge=0, lt=2**31, description="fixes every random choice")

    @classmethod
    def load(cls, path: Path, overrides: dict[str, Any] | None = None):
        """Read a notebook's YAML parameter file, and the files that its profile shares or extends.

        Raises:
            VagoError: names the file, the setting and what is wrong with it.
        """
        files = cls.read_files(path)
        changed = cls.with_new_names(overrides or {}, where=str(path))
        return cls.checked({**files.values, **changed}, str(path), files.origins)

    @classmethod
    def read_files(cls, path: Path, shown: Callable[[Path], str] = str) -> FileSettings:
        """What the files set, not yet validated, the stronger file's value for each setting.

        Args:
            path: params/<profile>/<notebook>.yaml; see `profiles.settings_files`.
            shown: how a path is written in messages.

        Raises:
            VagoError: a file cannot be read, or a shared setting is one of no notebook.
        """
        found = FileSettings()
        for file in settings_files(path):
            where = shown(file.path)
            values = cls.with_new_names(file.values, where)
            if file.is_shared:
                check_shared(values, where, set(cls.model_fields))
                values = {name: values[name] for name in values if name in cls.model_fields}
            if not file.is_own:
                values.pop("profile", None)  # it names the other profile

            found.values.update(values)
            found.origins.update(dict.fromkeys(values, where))

        folder = Path(path).parent
        if is_layered(folder) and "profile" not in found.values:
            found.values["profile"] = folder.name
            found.origins["profile"] = shown(folder)
        return found

    @classmethod
    def from_notebook(cls, namespace: dict[str, Any]):
        """Read the settings that a notebook holds as plain variables: `from_notebook(globals())`.

        Papermill injects a misspelt setting with no more than a warning. Here a plain variable that
        is no setting is refused, so that no misspelling goes unnoticed. Names with a leading
        underscore and IPython's own are left alone.
        """
        values = {
            name: value
            for name, value in namespace.items()
            if not name.startswith("_") and name not in NOTEBOOKS_OWN and _is_literal(value)
        }

        check_whole(namespace)
        origins = namespace.get(SETTINGS_FROM)
        if origins is not None:
            values = _without_defaults(cls, values, origins)

        where = "the notebook's parameters cell"
        # The cell holds the new name with its default, papermill injects the earlier one: it wins.
        for earlier in cls.renamed.keys() & values.keys():
            values.pop(cls.renamed[earlier], None)
        return cls.checked(cls.with_new_names(values, where), where)

    @classmethod
    def with_new_names(cls, values: dict[str, Any], where: str) -> dict[str, Any]:
        """The same values under the present names; one line on stderr for each earlier name.

        Raises:
            VagoError: `values` has both the earlier and the present name of a setting.
        """
        given = dict(values)
        for earlier in cls.renamed.keys() & values.keys():
            name = cls.renamed[earlier]
            if name in values:
                raise VagoError(
                    f"{where}: {earlier} is now called {name}, and both stand there: "
                    f"remove {earlier}"
                )
            print(f"{where}: {earlier} is now called {name}", file=sys.stderr)
            given[name] = given.pop(earlier)
        return given

    @classmethod
    def checked(cls, values: dict[str, Any], where: str, origins: Mapping[str, str] | None = None):
        """Validate a dict; one sentence per problem, all in one VagoError.

        Args:
            where: what a sentence names as the place of a setting that is not in `origins`.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            sentences = [cls._sentence(one, where, origins or {}) for one in error.errors()]
            raise VagoError("; ".join(sentences)) from None

    @classmethod
    def _sentence(cls, problem: dict[str, Any], where: str, origins: Mapping[str, str]) -> str:
        name = ".".join(str(part) for part in problem["loc"])
        where = origins.get(str(next(iter(problem["loc"]), "")), where)
        if problem["type"] != "extra_forbidden":
            message = problem["msg"].removeprefix("Value error, ")
            if not problem["loc"]:  # about several settings together; the input is all of them
                return f"{where}: {message}"
            return f"{where}: {name} = {problem['input']!r} is not valid: {message}"

        near = difflib.get_close_matches(name, cls.model_fields, n=1)
        known = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(cls.model_fields)}"
        return f"{where}: {cls.__name__} has no setting {name!r}; {known}"


def _is_literal(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_literal, value))
    return isinstance(value, str | int | float | None)


def check_shared(values: dict[str, Any], where: str, own: set[str]) -> None:
    """Raise VagoError for a setting of a profile.yaml that no notebook has.

    Args:
        own: names of the settings of the notebook that is asked about.
    """
    known = set(own)
    for module in map(importlib.import_module, MODELS):
        for model in vars(module).values():
            if isinstance(model, type) and issubclass(model, Params):
                known |= model.model_fields.keys() | model.renamed.keys()

    for name in values:
        if name not in known:
            near = difflib.get_close_matches(str(name), sorted(known), n=1)
            hint = f"did you mean {near[0]!r}?" if near else "`vago params PROFILE` lists them"
            raise VagoError(f"{where}: no notebook has a setting {name!r}; {hint}")


def check_whole(namespace: Mapping[str, Any]) -> None:
    """Raise VagoError where a notebook may lack settings of its profile.

    Papermill knows one parameter file; a profile with a profile.yaml has several, which vago joins.
    """
    profile = namespace.get("profile")
    if SETTINGS_FROM in namespace or not isinstance(profile, str):
        return

    try:
        folder = project_root() / "params" / profile
    except VagoError:
        return  # outside a project there are no profiles
    if profile and is_layered(folder):
        raise VagoError(
            f"the settings of profile {profile} are in several files (params/{profile}/"
            f"{SHARED_FILE} and others), which papermill does not join: run the notebook with "
            f"`vago run {profile} --only NUMBER`, or open it with `make lab PROFILE={profile}`"
        )


def _without_defaults(
    model: type[Params], values: dict[str, Any], origins: Mapping[str, str]
) -> dict[str, Any]:
    """`values` without those that no file sets and that are the default, so not set at all."""
    fields = model.model_fields
    return {
        name: value
        for name, value in values.items()
        if name in origins or name not in fields or value != fields[name].default
    }
