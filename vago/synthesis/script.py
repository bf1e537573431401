"""Scripts: the lines to be spoken, from params/scripts/<name>.yaml or <name>.txt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from vago import VagoError
from vago.paths import Paths
from vago.text.normalize import normalize_text, without_reading

COMMENT = "#"  # begins a line of a text file that is not spoken
NAME_CHARACTERS = 24  # of a name that is made from a text


class ScriptLine(BaseModel):
    """One line of a script. `name` becomes part of the file name: 01_opening.wav."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[a-z0-9_]+$")
    text: str = Field(min_length=1)
    category: str = ""

    @field_validator("text")
    @classmethod
    def _has_words(cls, text):
        spoken = normalize_text(text)
        if unknown := without_reading(spoken):
            raise ValueError(
                f"{text!r} has characters that the model cannot read ({unknown}): "
                "write them as words, or leave them out"
            )
        if not any(c.isalnum() for c in spoken):
            raise ValueError(f"nothing is left to be spoken of {text!r}: give the line some words")
        return text


class Script(BaseModel):
    """The lines to be spoken; a line without a name is named after its first words."""

    model_config = ConfigDict(extra="forbid")
    title: str
    lines: list[ScriptLine] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, content: dict[str, Any]) -> dict[str, Any]:
        lines = content.get("lines")
        return content | {"lines": with_names(lines)} if isinstance(lines, list) else content

    @field_validator("lines")
    @classmethod
    def _names_differ(cls, lines):
        names = [line.name for line in lines]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"line names must differ, found twice: {', '.join(twice)}")
        return lines

    @classmethod
    def load(cls, path: Path, shown: Callable[[Path], str] = str) -> Script:
        """Read a script; a file without a title has its own name as title.

        A .txt file has a sentence on each line; blank lines and those that begin with # are not
        spoken. In a .yaml file, `lines` holds texts, or `text` with `name` and `category`.

        Args:
            shown: how a path is written in messages.

        Raises:
            VagoError: what is wrong, with file and line.
        """
        path = Path(path)
        content, places = _read(path, shown(path))
        content = {"title": path.stem.replace("_", " "), **content}
        try:
            return cls(**content)
        except ValidationError as error:
            sentences = [_sentence(one, shown(path), places) for one in error.errors()]
            raise VagoError("; ".join(sentences)) from None


def read_script(name: str, paths: Paths) -> Script:
    """The script of that name in params/scripts/.

    Raises:
        VagoError: there is none, there are two, or it is not valid.
    """
    return Script.load(paths.script(name), paths.shown)


def with_names(lines: Iterable[Any]) -> list[Any]:
    """Lines as mappings with a name: texts become mappings, and no name is made twice."""
    lines = [{"text": line} if isinstance(line, str) else line for line in lines]
    taken = {line["name"] for line in lines if isinstance(line, dict) and "name" in line}

    named = []
    for line in lines:
        if isinstance(line, dict) and "name" not in line and isinstance(line.get("text"), str):
            line = {"name": _free_name(line["text"], taken), **line}
            taken.add(line["name"])
        named.append(line)
    return named


def _free_name(text: str, taken: set[Any]) -> str:
    """`Jó estét kívánok!` -> `jo_estet_kivanok`, with a number where that is taken."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)

    name = ""
    for word in words:
        longer = f"{name}_{word}".strip("_")
        if len(longer) > NAME_CHARACTERS:
            break
        name = longer
    name = name or "".join(words)[:NAME_CHARACTERS] or "line"

    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


# Files


def _read(path: Path, where: str) -> tuple[dict[str, Any], dict[tuple, int]]:
    """(content, {key in it, such as ("lines", 2): number of its line in the file})."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise VagoError(f"{where} does not exist: {_others(path.parent)}") from None
    except UnicodeDecodeError:
        raise VagoError(f"{where} is not a text in UTF-8: save it as UTF-8") from None

    if path.suffix == ".txt":
        return _text_lines(text, where)
    return _yaml_lines(text, where)


def _others(folder: Path) -> str:
    known = sorted({path.stem for path in folder.glob("*.yaml")})
    known += sorted({path.stem for path in folder.glob("*.txt")} - set(known))
    there = f"there are {', '.join(known)}" if known else "there is no script at all"
    return f"{there}; a .txt file with one sentence a line is a script too"


def _text_lines(text: str, where: str) -> tuple[dict[str, Any], dict[tuple, int]]:
    spoken, places = [], {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if line and not line.startswith(COMMENT):
            places["lines", len(spoken)] = number
            spoken.append(line)

    if not spoken:
        raise VagoError(f"{where} has no line to speak: write one sentence a line")
    return {"lines": spoken}, places


def _yaml_lines(text: str, where: str) -> tuple[dict[str, Any], dict[tuple, int]]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or error
        raise VagoError(
            f"{where}{line} is not valid YAML ({' '.join(str(problem).split())}): "
            "put a text with special characters in quotes"
        ) from None

    if isinstance(content, list):
        content = {"lines": content}
        places = {("lines", *key): line for key, line in _places(root).items()}
    else:
        places = _places(root)
    if not isinstance(content, dict) or not content.get("lines"):
        raise VagoError(
            f"{where} has no line to speak: write `lines:`, and below it `- a sentence`"
        )
    return content, places


def _places(node: yaml.Node | None, key: tuple = ()) -> dict[tuple, int]:
    """{key: number of the line where its value begins} of a YAML file."""
    if node is None:
        return {}

    below: list[tuple[Any, yaml.Node, int]] = []
    if isinstance(node, yaml.SequenceNode):
        below = [(place, one, one.start_mark.line) for place, one in enumerate(node.value)]
    elif isinstance(node, yaml.MappingNode):
        below = [(name.value, one, name.start_mark.line) for name, one in node.value]

    found = {}
    for name, one, line in below:
        found[*key, name] = line + 1
        found |= _places(one, (*key, name))
    return found


def _sentence(problem: dict[str, Any], where: str, places: dict[tuple, int]) -> str:
    """A problem that pydantic found, with file and line."""
    key = tuple(problem["loc"])
    inner = key
    while inner and inner not in places:
        inner = inner[:-1]
    if inner:
        where = f"{where}, line {places[inner]}"

    name, message = key[-1], problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "model_type":
        message = f"{problem['input']!r} is no text: put it in quotes"
    elif problem["type"] == "missing":
        message = f"{name} is missing"
    elif problem["type"] == "extra_forbidden":
        known = "text, name and category" if len(key) > 1 else "title and lines"
        message = f"{name!r} is not one of {known}: put a text with a colon in quotes"
    elif problem["type"] != "value_error":
        message = f"{name} = {problem['input']!r} is not valid: {message}"
    return f"{where}: {message}"
