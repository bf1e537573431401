"""The table of commands, from which the command line's parser and help are made."""

from __future__ import annotations

import argparse
import difflib
import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from vago import __version__

Argument = tuple[tuple[str, ...], dict[str, Any]]


@dataclass(frozen=True)
class OneOf:
    """Arguments that exclude each other."""

    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Command:
    """One sub-command.

    `call` takes the parsed arguments; `aliases` are earlier names, still accepted.
    """

    call: Callable[[argparse.Namespace], None]
    summary: str
    arguments: tuple[Argument | OneOf, ...]
    aliases: tuple[str, ...] = ()


COMMANDS: dict[str, Command] = {}


def argument(*flags: str, **options: Any) -> Argument:
    """What `add_argument` takes."""
    return flags, options


def command(name: str, summary: str, *arguments: Argument | OneOf, aliases: tuple[str, ...] = ()):
    """Register the decorated function as a sub-command."""

    def register(call: Callable[[argparse.Namespace], None]):
        COMMANDS[name] = Command(call, summary, arguments, aliases)
        return call

    return register


class HintingParser(argparse.ArgumentParser):
    """Names the nearest command or option where one is misspelt."""

    def parse_args(self, args=None, namespace=None):
        found, extra = self.parse_known_args(args, namespace)
        if extra:
            hint = near_miss(extra[0].partition("=")[0], options_of(found.call))
            self.error(f"unrecognized arguments: {' '.join(extra)}{hint}")
        return found

    def error(self, message: str):
        wrong = re.search(r"invalid choice: '(.*?)' \(choose from", message)
        if wrong:
            message += near_miss(wrong[1], COMMANDS)
        super().error(message)


def near_miss(word: str, known: Iterable[str]) -> str:
    """ "; did you mean --sources?", or nothing where no known word is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def options_of(call: Callable) -> list[str]:
    """The options of a command, by its function."""
    return [
        flag
        for one in COMMANDS.values()
        if one.call is call
        for given in one.arguments
        for flags, _ in (given.arguments if isinstance(given, OneOf) else (given,))
        for flag in flags
        if flag.startswith("-")
    ]


def parser() -> argparse.ArgumentParser:
    """The parser made from COMMANDS."""
    top = HintingParser(
        prog="vago", description="An hour of Hungarian recordings into a voice, in three phases."
    )
    top.add_argument("--version", action="version", version=f"vago {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    for name, one in COMMANDS.items():
        for alias in (name, *one.aliases):
            listed = {"help": one.summary} if alias == name else {}  # an alias is not listed
            added = commands.add_parser(
                alias,
                description=inspect.getdoc(one.call),
                formatter_class=argparse.RawDescriptionHelpFormatter,
                **listed,
            )
            added.set_defaults(call=one.call)
            for given in one.arguments:
                if isinstance(given, OneOf):
                    group = added.add_mutually_exclusive_group()
                    for flags, options in given.arguments:
                        group.add_argument(*flags, **options)
                else:
                    flags, options = given
                    added.add_argument(*flags, **options)
    return top
