"""`vago text`: what will be said of a text, and what that changes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TextIO

from vago import VagoError

_OLD, _NEW, _PLAIN = "\033[31;9m", "\033[32m", "\033[0m"  # struck out in red, green


def text(words: Iterable[str], diff: bool = False, stream: TextIO | None = None) -> None:
    """Write to `stream` (standard output) how each text is read; with `diff`, what changes in it.

    Args:
        words: the texts; none means standard input, line by line, each answered before the next is asked for.

    Raises:
        VagoError: standard input is not UTF-8.
    """
    from vago.text.normalize import changes, normalise

    stream = stream or sys.stdout
    coloured = stream.isatty() and "NO_COLOR" not in os.environ
    try:
        for line in list(words) or _lines():
            print(
                marked(changes(line), coloured) if diff else normalise(line),
                file=stream,
                flush=True,
            )
    except BrokenPipeError:  # `vago text < book.txt | head`: nobody listens any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def marked(parts: Iterable[tuple[str, str]], coloured: bool) -> str:
    """The parts of `text.changes` in one line: old struck out in red, new in green; without colours git's [-old-]{+new+}."""
    line = []
    for written, spoken in parts:
        if written == spoken:
            line.append(written)
            continue
        old, new = (
            (f"{_OLD}{written}{_PLAIN}", f"{_NEW}{spoken}{_PLAIN}")
            if coloured
            else (f"[-{written}-]", f"{{+{spoken}+}}")
        )
        line.append((old if written else "") + (new if spoken else ""))
    return " ".join(line)


def _lines() -> Iterator[str]:
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise VagoError(
                f"line {number} of standard input is not UTF-8 (byte 0x{line[error.start]:02x}): save the text as UTF-8, "
                "or convert it with iconv -f ISO-8859-2 -t UTF-8"
            ) from error
