"""The report of an evaluation as the tables that people read, intervals in brackets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from vago.display.intervals import with_interval
from vago.model.phases import read_record
from vago.paths import Paths


def trained_on(paths: Paths, names: Sequence[str]) -> str:
    """A line per phase with the sources that it was itself trained on."""
    lines = []
    for name in names:
        lineage = (read_record(paths.phase(name)) or {}).get("lineage", {})
        sources = lineage.get("settings", {}).get("sources", [])
        after = f", after {lineage['parent']}" if lineage.get("parent") else ""
        lines.append(f"{name} was trained on {', '.join(sources) or 'unknown sources'}{after}")
    return "\n".join(lines)


def score_table(report: dict[str, Any]) -> pd.DataFrame:
    """The report for readers: one row per phase, 95 % intervals in brackets.

    The validation loss chooses the best phase, the other columns are of the test set."""
    rows = []
    chosen_by = report["validation_loss"]
    for name, phase in report["phases"].items():
        test = phase["test"]
        row = {
            "phase": f"{name} (best)" if name == report["best"] else name,
            "validation loss": f"{chosen_by[name]:.3f}" if name in chosen_by else "",
            "mel CE": with_interval(test["mel_ce"], ".3f"),
            "text CE": with_interval(test["text_ce"], ".3f"),
            "loss": with_interval(test["loss"], ".3f"),
            f"loss vs {report['reference']}": f"{phase['change_percent']['loss']:+.1f} %",
            f"to target {report['target_loss']:g}": f"{phase['distance_to_target']:+.2f}",
        }

        if speech := phase.get("speech"):
            row["MCD (dB)"] = _rounded(speech["mcd_db"])
            row["duration ratio"] = _rounded(speech["duration_ratio"])
            if measured := report["understood"]:
                row["character error rate"] = with_interval(measured["phases"][name])
            row["ended by itself"] = f"{100 * speech['ended']:.0f} %"
        rows.append(row)
    return pd.DataFrame(rows).set_index("phase")


def group_table(report: dict[str, Any]) -> pd.DataFrame:
    """Mel CE of each phase by source and by category, with the number of clips."""
    rows = []
    for kind in ("source", "category"):
        for name, group in report["phases"]["base"][f"per_{kind}"].items():
            values = {
                phase: round(scored[f"per_{kind}"][name]["mel_ce"]["value"], 3)
                for phase, scored in report["phases"].items()
            }
            rows.append({"mel CE": f"{kind} {name}", "clips": group["clips"], **values})
    return pd.DataFrame(rows).set_index("mel CE")


def heard_table(paths: Paths) -> pd.DataFrame:
    """What ASR heard in each spoken test sentence, below its text; empty where it was not asked."""
    try:
        speech = pd.read_csv(paths.evaluation / "speech.csv", keep_default_na=False)
    except pd.errors.EmptyDataError:  # nothing was spoken
        return pd.DataFrame()
    if "heard" not in speech:
        return pd.DataFrame()

    rows = []
    for text, spoken in speech.groupby("text", sort=False):
        rows.append({"phase": "text", "sentence": text, "CER": ""})
        for row in spoken.itertuples():
            rows.append({"phase": row.phase, "sentence": row.heard, "CER": f"{row.cer:.2f}"})
    return pd.DataFrame(rows).set_index("phase")


def difference_table(report: dict[str, Any]) -> pd.DataFrame:
    """Paired differences of mel CE and loss between consecutive phases, with 95 % intervals."""
    rows = []
    for pair, values in report["paired"].items():
        row = {
            "difference": pair,
            "mel CE": with_interval(values["mel_ce"], "+.3f"),
            "loss": with_interval(values["loss"], "+.3f"),
            "verdict": _verdict(values["loss"]),
        }
        rows.append(row)
    return pd.DataFrame(rows).set_index("difference")


def _verdict(difference: dict[str, float]) -> str:
    if difference["high"] < 0:
        return "lower"
    if difference["low"] > 0:
        return "higher"
    return "no clear difference"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
