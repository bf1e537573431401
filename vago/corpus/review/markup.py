"""HTML for the clip browser: a column of the table, facts about a clip, the reading of a text."""

from __future__ import annotations

import math
from html import escape

import pandas as pd

from vago.display import html
from vago.text import normalize

ROW = "28px"
CELL = (
    f"height:{ROW};line-height:{ROW};padding:0 8px;white-space:nowrap;"
    "overflow:hidden;text-overflow:ellipsis;max-width:22em"
)
CHOSEN = "background:rgba(86,180,233,0.25)"
UNSTATED = "candidate text written clip_id".split()  # not in the facts


def cells(column: pd.Series, chosen: int | None) -> str:
    """A column of the table, one line per row; the line of the chosen row is marked.

    The columns are apart, so that each can have a button above it that sorts the table.
    """
    places = html.decimals(value for value in column if isinstance(value, float))
    lines = []
    for index, value in column.items():
        background = CHOSEN if index == chosen else ""
        text, side = escape(str(value)), "left"
        if isinstance(value, float):
            side = "right"
            text = f"{value:.{places}f}" if math.isfinite(value) else ""
        lines.append(
            f'<div title="{text}" style="{CELL};text-align:{side};{background}">{text}</div>'
        )
    return "".join(lines)


def facts(row: pd.Series) -> str:
    """All that is known of a candidate, in one paragraph under its name."""
    values = {name: html.number(row[name]) for name in row.index if name not in UNSTATED}
    listed = " · ".join(
        f"{name.replace('_', ' ')} <b>{value}</b>" for name, value in values.items() if value
    )
    return f'<h4 style="margin:0.6em 0 0">{escape(row.candidate)}</h4><div>{listed}</div>'


def reading(text: str) -> str:
    """How a text is read aloud, with the changes marked."""
    parts = normalize.changes(text)
    if all(written == spoken for written, spoken in parts):
        return "read as it is written"
    return f"read aloud: {html.marked_changes(parts)}"
