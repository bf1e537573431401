"""The licence of the published XTTS-v2: its summary, and its acceptance before a download."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vago import VagoError
from vago.files import sha256_of

FILE = "LICENSE.txt"
NAME, URL = "Coqui Public Model License 1.0.0", "https://coqui.ai/cpml.txt"
SUMMARY = f"""\
XTTS-v2 is under the {NAME} ({URL}).
In short (only the full text is binding):
  - The model and all speech it generates, fine-tuned or not, may be used for non-commercial
    purposes only (personal use, research, tests, charity), without any payment, direct or indirect.
  - Companies may test it and do non-commercial research with it, but not train models for
    commercial use.
  - Everyone who gets the model, a fine-tuned one or its speech from you must also get these terms
    or their address.
  - There is no warranty, and the licence ends for those who break it."""
QUESTION = "Do you accept these terms? [y/N] "


def accepted(
    text: Path,
    before: dict[str, Any] | None,
    accept: bool,
    ask: Callable[[str], str] | None,
    log: Callable[[str], None],
) -> dict[str, Any]:
    """The record of the licence's acceptance, after showing it; `before` where that is still valid.

    Args:
        text: the licence's file, which may be missing.
        before: the record of an earlier acceptance; it is valid for the same text, or without one.
        accept: whether it is accepted without asking.
        ask: puts a question, returns the answer; None is the terminal where there is one.

    Raises:
        VagoError: it is not accepted, or there is nobody to ask.
    """
    sha256 = sha256_of(text) or None
    if before and (not sha256 or before["sha256"] in (sha256, None)):
        return before

    if not ask and sys.stdin.isatty():
        ask = input
    if not accept and ask and sha256:
        log(text.read_text(encoding="utf-8"))
    log(SUMMARY)
    if not accept and not ask:
        raise VagoError(
            f"the {NAME} has not been accepted yet: read {text if sha256 else URL}, "
            "then run again with --accept-license"
        )
    if not accept and not _agrees(ask):
        raise VagoError("the licence was not accepted, so nothing but its text was fetched")

    return {
        "name": NAME,
        "url": URL,
        "sha256": sha256,
        "accepted": datetime.now(UTC).isoformat(timespec="seconds"),
        "how": "--accept-license" if accept else "asked",
    }


def _agrees(ask: Callable[[str], str]) -> bool:
    try:
        return ask(QUESTION).strip().lower() in ("y", "yes")
    except EOFError:
        return False
