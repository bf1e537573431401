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


def warnings(report: Mapping[str, Any]) -> list[str]:
    """A sentence for each pair of phases in which the loss falls clearly and the CER rises."""
    measured = report["understood"]
    if not measured:
        return []

    found = []
    for pair, cer in measured["paired"].items():
        loss = report["paired"][pair]["loss"]
        if loss["high"] >= 0 or cer["value"] <= 0:
            continue

        name, before = pair.split(" - ")
        rates = [measured["phases"][phase]["value"] for phase in (before, name)]
        rise = f"from {rates[0]:.2f} to {rates[1]:.2f} ({with_interval(cer, '+.2f')})"
        sentence = (
            f"{name} predicts the test clips better than {before} (loss "
            f"{with_interval(loss, '+.3f')}), but ASR understands it less well: the character "
            f"error rate rises {rise} over {measured['lines']}"
        )
        if cer["low"] > 0:
            sentence += (
                ". The lower loss has not made the voice clearer: listen to both before you choose;"
                f" `phase: {before}` in the settings of 06 speaks with the other one."
            )
        else:
            sentence += (
                ", which may be chance. More lines tell: raise `speech_clips`, or run "
                "`vago evaluate-speech` and this notebook again."
            )
        found.append(sentence)
    return found


def verdict(report: Mapping[str, Any]) -> str:
    """What the character error rates say beside the losses, for readers."""
    measured = report["understood"]
    if not measured:
        return f"Not measured: {report['not_transcribed']}"

    rates = ", ".join(f"{name} {with_interval(cer)}" for name, cer in measured["phases"].items())
    lines = [f"Character error rate over {measured['lines']}: {rates}"]
    lines += [f"Warning: {sentence}" for sentence in warnings(report)]
    if len(lines) == 1:
        lines.append("No phase has a clearly lower loss and a higher character error rate.")
    return "\n\n".join(lines)
