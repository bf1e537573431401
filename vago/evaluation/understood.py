"""Is the phase with the lower loss understood better? Character error rates beside the losses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vago.display.intervals import with_interval
from vago.paths import Paths
from vago.training.validation import bootstrap_interval

LISTENED = "the lines of `vago evaluate-speech`"
MORE_LINES = "`vago evaluate-speech` with its thirty lines says more; run this notebook after it."
NOTICED = 0.005  # a smaller rise of the CER is 0.00 in print


def of_sentences(speech: pd.DataFrame) -> dict[str, list[float]]:
    """{phase: CER of each spoken test sentence}; empty where nothing was transcribed."""
    if "cer" not in speech:
        return {}
    return {phase: list(rows.cer) for phase, rows in speech.groupby("phase", sort=False)}


def of_listening(paths: Paths, weights: Mapping[str, str]) -> dict[str, list[float]]:
    """{phase: CER of each line} that `vago evaluate-speech` has measured.

    Args:
        weights: {phase: SHA-256 of its weights}; empty result unless all have been measured.
    """
    try:
        report = json.loads((paths.listening / "report.json").read_text(encoding="utf-8"))
        rows = {row["row"]: row for row in report["rows"]}
        measured = {name: rows[name]["weights_sha256"] for name in weights}
        found = {name: [line["cer"] for line in rows[name]["lines"]] for name in weights}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return found if measured == dict(weights) else {}


def compare(
    errors: Mapping[str, Sequence[float]], pairs: Sequence[tuple[str, str]], lines: str
) -> dict[str, Any]:
    """Means and paired differences with 95 % bootstrap intervals over the lines.

    Args:
        errors: {phase: CER of each line}, the same lines in each.
        pairs: (phase, the one it is compared with) each.
        lines: which lines they are.

    Returns:
        {"lines", "phases": {phase: interval}, "paired": {"phase - other": interval}}
    """
    paired = {
        f"{name} - {before}": bootstrap_interval(np.subtract(errors[name], errors[before]))
        for name, before in pairs
    }
    return {
        "lines": lines,
        "phases": {name: bootstrap_interval(values) for name, values in errors.items()},
        "paired": paired,
    }


def verdict(report: Mapping[str, Any]) -> str:
    """What the character error rates say beside the losses, for readers."""
    measured = report["understood"]
    if not measured:
        return f"Not measured: {report['not_transcribed']}"

    rates = ", ".join(f"{name} {with_interval(cer)}" for name, cer in measured["phases"].items())
    said = [f"Character error rate over {measured['lines']}: {rates}"]

    clear, unsure = [], []
    for pair, cer in _contradictions(report).items():
        (clear if cer["low"] > 0 else unsure).append(pair)
    said += [_warning(report, pair) for pair in clear]
    if unsure:
        said.append(
            f"The loss falls and the rate rises within chance: {', '.join(unsure)}. "
            + ("" if measured["lines"] == LISTENED else MORE_LINES)
        )
    if len(said) == 1:
        said.append("No phase has a clearly lower loss and a higher character error rate.")
    return "\n\n".join(said)


def _contradictions(report: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """{pair: difference in CER} of the pairs whose loss falls clearly while the CER rises."""
    return {
        pair: cer
        for pair, cer in report["understood"]["paired"].items()
        if report["paired"][pair]["loss"]["high"] < 0 and cer["value"] >= NOTICED
    }


def _warning(report: Mapping[str, Any], pair: str) -> str:
    """The losses and rates of a pair whose CER rises beyond its interval, and what to do."""
    measured = report["understood"]
    name, before = pair.split(" - ")
    loss = with_interval(report["paired"][pair]["loss"], "+.3f")
    rise = with_interval(measured["paired"][pair], "+.2f")
    rates = [f"{measured['phases'][phase]['value']:.2f}" for phase in (before, name)]
    return (
        f"Warning: {name} predicts the test clips better than {before} (loss {loss}), but ASR "
        f"understands it less well: the character error rate rises from {' to '.join(rates)} "
        f"({rise}) over {measured['lines']}. The lower loss has not made the voice clearer: listen "
        f"to both before you choose; `phase: {before}` in the settings of 06 speaks with the other."
    )
