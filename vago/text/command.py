"""The command `vago text`: how texts are read, and what that changes in them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TextIO

from vago import VagoError

_OLD, _NEW, _PLAIN = "\033[31;9m", "\033[32m", "\033[0m"  # struck out in red, green


def text(words: Iterable[str], diff: bool = False, stream: TextIO | None = None) -> None:
    """Write to `stream` (standard output) how each text is read; with `diff`, what changes in it.

    Characters that have no reading, so that no model can speak them, are named on standard error.

    Args:
        words: the texts; none means standard input, one reading per line, each flushed before
            the next line is read.

    Raises:
        VagoError: standard input is not UTF-8.
    """
    from vago.text.normalize import changes, normalize_text, without_reading

    stream = stream or sys.stdout
    coloured = stream.isatty() and "NO_COLOR" not in os.environ
    try:
        for line in list(words) or _lines():
            spoken = normalize_text(line)
            reading = diff_line(changes(line), coloured) if diff else spoken
            print(reading, file=stream, flush=True)
            if unknown := without_reading(spoken):
                print(f"no reading for {unknown} in {line!r}", file=sys.stderr, flush=True)
    except BrokenPipeError:  # `vago text < book.txt | head` ends without an error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def diff_line(parts: Iterable[tuple[str, str]], coloured: bool) -> str:
    """The parts of `normalize.changes` in one line.

    Old text is struck out in red, new text green; without colours as in git, [-old-]{+new+}.
    """
    before_old, after_old, before_new, after_new = "[-", "-]", "{+", "+}"
    if coloured:
        before_old, after_old, before_new, after_new = _OLD, _PLAIN, _NEW, _PLAIN

    line = []
    for written, spoken in parts:
        if written == spoken:
            line.append(written)
            continue
        change = ""
        if written:
            change += f"{before_old}{written}{after_old}"
        if spoken:
            change += f"{before_new}{spoken}{after_new}"
        line.append(change)
    return " ".join(line)


def _lines() -> Iterator[str]:
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise VagoError(
                f"line {number} of standard input is not UTF-8 (byte 0x{line[error.start]:02x}): "
                "save the text as UTF-8, or convert it with iconv -f ISO-8859-2 -t UTF-8"
            ) from error
