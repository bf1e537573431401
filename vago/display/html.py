"""Pieces of HTML: players, figures, tables, texts with their changes marked, and a page of its own around them."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import soundfile
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

SHOWN_ROWS = 400
LONG_TEXT = 36  # characters from which on a column wraps

# a change is struck out or underlined as well as coloured, so that it needs no eye for colours
OLD = "background:#fbe3d6;text-decoration:line-through;text-decoration-color:#a33c00"
NEW = "background:#d9e9f7;text-decoration:underline;text-decoration-color:#0b5394;font-weight:600"

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 66em; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.6em } h2 { font-size: 1.2em; margin-top: 2em; border-bottom: 1px solid #ddd }
table { border-collapse: collapse; font-size: 0.9em } th, td { padding: 0.15em 0.6em; vertical-align: top; text-align: right }
tbody tr:nth-child(even) { background: #f6f6f6 } img { max-width: 100% } thead th { position: sticky; top: 0; background: #fff }
"""


def audio_tag(wav: np.ndarray, rate: int, small: bool = False) -> str:
    """An HTML player of (samples,) as it is: FLAC, half the size of WAV; `small`: MP3, a third of that, not to the bit.

    (`IPython.display.Audio` rescales to full volume, so that comparisons lie.)
    """
    buffer, wav = io.BytesIO(), np.clip(wav, -1, 1)
    if small:
        soundfile.write(buffer, wav, rate, format="MP3", subtype="MPEG_LAYER_III")
    else:
        soundfile.write(buffer, wav, rate, format="FLAC", subtype="PCM_16")
    source = f"data:audio/{'mpeg' if small else 'flac'};base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return (
        f'<audio controls preload="none" style="width:100%;min-width:14em" src="{source}"></audio>'
    )


def png(figure: Figure, dpi: int = 80) -> bytes:
    """A figure's picture."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def image_tag(figure: Figure, alt: str = "") -> str:
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{base64.b64encode(png(figure)).decode()}">'


def table(rows: pd.DataFrame, caption: str = "") -> str:
    """A table that scrolls instead of filling the page: numbers to the right, texts to the left, only long texts wrapped."""
    shown = rows.head(SHOWN_ROWS)
    more = f" (first {SHOWN_ROWS} of {len(rows)} rows)" if len(rows) > SHOWN_ROWS else ""
    long = {
        name
        for name in shown
        if shown[name].map(lambda v: isinstance(v, str) and len(v) > LONG_TEXT).any()
    }

    def cell(name: str, value: Any) -> str:
        if isinstance(value, str):
            wrapped = "white-space:normal;min-width:16em" if name in long else "white-space:nowrap"
            return f'<td style="text-align:left;{wrapped}">{html.escape(value)}</td>'
        return f"<td>{number(value)}</td>"

    names = [shown.index.name or "", *shown.columns]
    head = "".join(f'<th style="text-align:left">{html.escape(str(name))}</th>' for name in names)
    body = "".join(
        f'<tr><th style="text-align:left;white-space:nowrap">{html.escape(str(index))}</th>'
        + "".join(cell(name, value) for name, value in zip(shown.columns, row))
        + "</tr>"
        for index, row in zip(shown.index, shown.itertuples(index=False, name=None))
    )
    title = f"<p><b>{html.escape(caption)}</b>{more}</p>" if caption or more else ""
    whole = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'{title}<div style="max-height:26em;overflow:auto">{whole}</div>'


def markdown_table(rows: pd.DataFrame) -> str:
    """A table as a README has it, without its index: numbers to three significant digits."""

    def cell(value: Any) -> str:
        if not isinstance(value, float):
            return str(value)
        return "" if value != value else f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"

    head = [str(column).replace("_", " ") for column in rows]
    lines = [
        head,
        ["---"] * len(head),
        *([cell(value) for value in row] for row in rows.itertuples(index=False, name=None)),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def bracketed(value: Mapping[str, float], form: str = ".2f") -> str:
    """A mean with its interval: 0.44 [0.40, 0.49]."""
    return f"{value['value']:{form}} [{value['low']:{form}}, {value['high']:{form}}]"


def number(value: Any) -> str:
    """A cell's value: three decimals at most, none from a thousand on, nothing for what is missing."""
    if value is None or value != value:
        return ""
    if isinstance(value, float) and abs(value) >= 1000:
        return f"{value:.0f}"
    return (
        f"{value:.3f}".rstrip("0").rstrip(".")
        if isinstance(value, float)
        else html.escape(str(value))
    )


def players(
    sounds: Sequence[tuple[str, np.ndarray, int]], caption: str = "", small: bool = False
) -> str:
    """Players under each other: (title, wav, rate) each."""
    rows = "".join(
        f'<tr><td style="text-align:left">{html.escape(title)}</td><td style="white-space:nowrap">{len(wav) / rate:.1f} s</td>'
        f'<td style="width:20em">{audio_tag(wav, rate, small)}</td></tr>'
        for title, wav, rate in sounds
    )
    title = f"<p><b>{html.escape(caption)}</b></p>" if caption else ""
    return f'{title}<table style="width:100%;table-layout:auto">{rows}</table>'


def marked(parts: Iterable[tuple[str, str]]) -> str:
    """The parts of `text.changes` in one line: what goes struck out, what comes underlined."""
    line = []
    for written, spoken in parts:
        if written == spoken:
            line.append(html.escape(written))
            continue
        line += [f'<del style="{OLD}">{html.escape(written)}</del>'] if written else []
        line += [f'<ins style="{NEW}">{html.escape(spoken)}</ins>'] if spoken else []
    return " ".join(line)


def whole(title: str, sections: Iterable[tuple[str, str]]) -> str:
    """A page that needs no other file: (heading, HTML) each."""
    body = "".join(
        f"<section><h2>{html.escape(heading)}</h2>{content}</section>\n"
        for heading, content in sections
    )
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body><h1>{html.escape(title)}</h1>\n{body}</body></html>\n'
