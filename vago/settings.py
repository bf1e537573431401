"""The settings of each notebook: one pydantic model per notebook, read from YAML, unknown keys refused."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, ClassVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vago import VagoError


class Params(BaseModel):
    """What every notebook shares. Subclasses add their own settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    notebook: ClassVar[str] = ""

    profile: str = Field(
        "demo", pattern=r"^[A-Za-z0-9_-]+$", description="names the folder outputs/<profile>/"
    )
    outputs_root: str = Field(
        "outputs", description="where every profile's folder lies, relative to the project"
    )
    base_dir: str = Field("", description="folder of the base model; empty: outputs/<profile>/base")
    seed: int = Field(1, ge=0, lt=2**31, description="fixes every random choice")

    @classmethod
    def load(cls, path: Path, overrides: dict[str, Any] | None = None):
        """Read a YAML parameter file. Raises VagoError naming the file, the key and what is wrong with it."""
        return cls.checked({**read_yaml(path), **(overrides or {})}, where=str(path))

    @classmethod
    def from_notebook(cls, namespace: dict[str, Any]):
        """Read the parameters a notebook holds as plain variables: `p = TrainParams.from_notebook(globals())`.

        Papermill injects a misspelt parameter with no more than a warning; here a plain variable that no
        setting is named after is refused, so that a misspelling cannot pass unseen. Names with a leading
        underscore and IPython's own are left alone.
        """

        def plain(value: Any) -> bool:
            return (
                all(map(plain, value))
                if isinstance(value, list)
                else isinstance(value, str | int | float | None)
            )

        own = {"In", "Out", "exit", "quit", "get_ipython", "open"}
        values = {
            name: value
            for name, value in namespace.items()
            if not name.startswith("_") and name not in own and plain(value)
        }
        return cls.checked(values, where="the notebook's parameters cell")

    @classmethod
    def checked(cls, values: dict[str, Any], where: str):
        """Validate a dict; one sentence per problem, all in one VagoError."""
        try:
            return cls(**values)
        except ValidationError as error:
            raise VagoError("; ".join(cls._sentence(e, where) for e in error.errors())) from None

    @classmethod
    def _sentence(cls, error: dict[str, Any], where: str) -> str:
        name = ".".join(str(part) for part in error["loc"]) or "the settings"
        if error["type"] == "extra_forbidden":
            near = difflib.get_close_matches(name, cls.model_fields, n=1)
            hint = (
                f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(cls.model_fields)}"
            )
            return f"{where}: {cls.__name__} has no setting {name!r}; {hint}"
        message = error["msg"].removeprefix("Value error, ")
        return f"{where}: {name} = {error['input']!r} will not do: {message}"


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping; VagoError where the file is missing, is no YAML or is not a mapping."""
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
