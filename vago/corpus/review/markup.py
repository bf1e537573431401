"""HTML for the clip browser: the rows of a page, the facts about a clip, the reading of a text."""

from __future__ import annotations

from html import escape

import pandas as pd

from vago.corpus.review import ledger
from vago.display import html
from vago.text import normalize

ROW = "28px"
CELL = (
    f"height:{ROW};line-height:{ROW};padding:0 8px;white-space:nowrap;"
    "overflow:hidden;text-overflow:ellipsis;max-width:22em"
)
CHOSEN = "background:rgba(86,180,233,0.25)"
# not in the rows: the button beside a row has its name, the facts have the rest
UNSHOWN = "candidate recording start end detail written clip_id speaker".split()
UNSTATED = "candidate text written clip_id".split()  # not in the facts


def heading(title: str) -> str:
    return f'<div style="{CELL};font-weight:600">{escape(title)}</div>'


def rows(shown: pd.DataFrame, chosen: int | None) -> str:
    """A table of candidates without their names; the chosen one is marked."""
    columns = [name for name in shown if name not in UNSHOWN]
    columns.sort(key=lambda name: (name not in ledger.FIRST, name != "text"))

    head = []
    for name in columns:
        title = escape(name.replace("_", " "))
        head.append(f'<th style="{CELL};text-align:left">{title}</th>')

    body = []
    for index, row in shown[columns].iterrows():
        style = CHOSEN if index == chosen else ""
        body.append(f'<tr style="{style}">{"".join(map(_cell, row))}</tr>')

    content = f"<thead><tr>{''.join(head)}</tr></thead><tbody>{''.join(body)}</tbody>"
    return f'<table style="border-collapse:collapse">{content}</table>'


def _cell(value: object) -> str:
    if isinstance(value, str):
        text = escape(value)
        return f'<td title="{text}" style="{CELL};text-align:left">{text}</td>'
    return f'<td style="{CELL};text-align:right">{html.number(value)}</td>'


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
