"""Settings read from YAML files and notebook cells: checked by pydantic, unknown names refused."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Any, ClassVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vago import VagoError

NAME = r"^[A-Za-z0-9_-]+$"  # of a profile or a script: it becomes part of a path
NOTEBOOKS_OWN = {"In", "Out", "exit", "quit", "get_ipython", "open"}


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
        """Read a YAML parameter file.

        Raises:
            VagoError: names the file, the setting and what is wrong with it.
        """
        values = cls.with_new_names(read_yaml(path), where=str(path))
        changed = cls.with_new_names(overrides or {}, where=str(path))
        return cls.checked({**values, **changed}, where=str(path))

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
    def checked(cls, values: dict[str, Any], where: str):
        """Validate a dict; one sentence per problem, all in one VagoError."""
        try:
            return cls(**values)
        except ValidationError as error:
            sentences = [cls._sentence(problem, where) for problem in error.errors()]
            raise VagoError("; ".join(sentences)) from None

    @classmethod
    def _sentence(cls, problem: dict[str, Any], where: str) -> str:
        name = ".".join(str(part) for part in problem["loc"]) or "the settings"
        if problem["type"] != "extra_forbidden":
            message = problem["msg"].removeprefix("Value error, ")
            return f"{where}: {name} = {problem['input']!r} is not valid: {message}"

        near = difflib.get_close_matches(name, cls.model_fields, n=1)
        known = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(cls.model_fields)}"
        return f"{where}: {cls.__name__} has no setting {name!r}; {known}"


def _is_literal(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_literal, value))
    return isinstance(value, str | int | float | None)


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping.

    Raises:
        VagoError: the file is missing, is no YAML or is not a mapping.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise VagoError(f"{path} does not exist: each notebook needs its parameter file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise VagoError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None

    if content is None:
        return {}
    if not isinstance(content, dict):
        raise VagoError(f"{path} should hold `name: value` lines, found a {type(content).__name__}")
    return content


def check_profile(profile: str, root: Path) -> None:
    """Raise VagoError, listing the profiles, unless `profile` is one: a folder of params/."""
    folders = (root / "params").iterdir()
    existing = sorted(folder.name for folder in folders if any(folder.glob("0?_*.yaml")))
    if profile in existing:
        return

    near = difflib.get_close_matches(profile, existing, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise VagoError(
        f"no profile {profile!r} in params/: {hint}there are {', '.join(existing) or 'none'}"
    )
