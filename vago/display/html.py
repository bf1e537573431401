"""Pieces of HTML: players, figures, tables, texts with their changes marked, and a whole page."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import soundfile
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

SHOWN_ROWS = 400
BOXED_ROWS = 40
DPI = 80
LONG_TEXT = 36  # characters; a column with a longer text wraps

# the titles stay in sight while a box scrolls
HEAD = "position:sticky;top:0;background:var(--jp-layout-color0,Canvas)"

# Changes are struck out or underlined as well as coloured, for readers who see no colours.
# Both colours of a change are named: a dark page has light text.
OLD = "color:#222;background:#fbe3d6;text-decoration:line-through #a33c00"
NEW = "color:#222;background:#d9e9f7;text-decoration:underline #0b5394;font-weight:600"

# of an <audio>, when it starts
STOP_OTHERS = "for (const a of document.querySelectorAll('audio')) if (a !== this) a.pause()"

# for a telephone: texts wrap, players stand below theirs, and figures scroll at a readable size
NARROW = """
@media (max-width: 40rem) {
  td.wraps { white-space: normal !important }
  .players tr { display: flex; flex-wrap: wrap }
  .players td:last-child { flex-grow: 1 }
  .figure img { max-width: none !important; width: 36rem }
}
"""

STYLE = """
:root { color-scheme: light dark }
body {
  font: 15px/1.45 system-ui, sans-serif; max-width: 66em; margin: 2em auto; padding: 0 1em;
}
h1, h2, nav { overflow-wrap: anywhere }
h1 { font-size: 1.6em }
h2 { font-size: 1.2em; margin-top: 2em; border-bottom: 1px solid #8886 }
table { border-collapse: collapse; font-size: 0.9em }
th, td { padding: 0.15em 0.6em; vertical-align: top; text-align: right }
tbody tr:nth-child(even) { background: #8881 }
img { max-width: 100%; background: white }
nav li { display: inline; margin-right: 1em }
nav ol { padding: 0 }
"""


def audio_tag(wav: np.ndarray, rate: int, small: bool = False, label: str = "") -> str:
    """An HTML player of (samples,) at its own volume; `IPython.display.Audio` rescales to full.

    It stops the other players of its page, in JupyterLab too.

    Args:
        label: what is heard, for those who do not see what stands beside it
        small: MP3 (lossy), a third of the size of the FLAC that is used otherwise
    """
    buffer = io.BytesIO()
    wav = np.clip(wav, -1, 1)
    if small:
        kind = "mpeg"
        soundfile.write(buffer, wav, rate, format="MP3", subtype="MPEG_LAYER_III")
    else:
        kind = "flac"
        soundfile.write(buffer, wav, rate, format="FLAC", subtype="PCM_16")

    return player_tag(_data_url(f"audio/{kind}", buffer.getvalue()), label)


def player_tag(source: str, label: str = "") -> str:
    """A player of a URL, which stops the others as those of `audio_tag` do."""
    style = "width:100%;min-width:14em"
    name = f' aria-label="{html.escape(label)}"' * bool(label)
    return (
        f'<audio controls preload="none"{name} onplay="{STOP_OTHERS}" '
        f'style="{style}" src="{html.escape(source)}"></audio>'
    )


def png(figure: Figure) -> bytes:
    """A figure as a PNG file."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def image_tag(figure: Figure) -> str:
    """A figure as an HTML image; what `figures.described` said of it is its alternative text."""
    alt = html.escape(str(figure.get_label()))
    image = f'<img alt="{alt}" src="{_data_url("image/png", png(figure))}">'
    return f'<div class="figure" style="overflow-x:auto">{image}</div>'


def _data_url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def table_html(rows: pd.DataFrame, caption: str = "") -> str:
    """A table: numbers to the right with equal decimals, texts to the left; "none" without rows.

    A table of more than `BOXED_ROWS` rows scrolls in a box that shows about twenty, each on one
    line. The first `SHOWN_ROWS` rows are shown; the caption says so where there are more.
    """
    if not len(rows):
        return _caption(caption, ": none" if caption else "none")

    shown = rows.head(SHOWN_ROWS)
    boxed = len(shown) > BOXED_ROWS
    columns = [_cells(shown.iloc[:, place], boxed) for place in range(shown.shape[1])]

    names = [shown.index.name or "", *shown.columns]
    sides = ["left", *("left" if _has_texts(shown[name]) else "right" for name in shown)]
    head = "".join(
        f'<th style="text-align:{side};{HEAD}">{html.escape(str(name))}</th>'
        for name, side in zip(names, sides)
    )
    lines = []
    for index, *cells in zip(shown.index, *columns):
        first = f'<th style="text-align:left;white-space:nowrap">{html.escape(str(index))}</th>'
        lines.append(f"<tr>{first}{''.join(cells)}</tr>")

    more = f" (first {SHOWN_ROWS} of {len(rows)} rows)" * (len(rows) > SHOWN_ROWS)
    title = _caption(caption, more)
    head = f"<thead><tr>{head}</tr></thead>" if any(names) else ""
    body = f"<table>{head}<tbody>{''.join(lines)}</tbody></table>"
    style = "max-height:44em;overflow:auto" if boxed else "overflow-x:auto"
    label = html.escape(caption or "table")
    return (
        f'{title}<div role="region" aria-label="{label}" tabindex="0" style="{style}">{body}</div>'
    )


def _cells(column: pd.Series, boxed: bool) -> list[str]:
    """A column's cells; a long text wraps where the table is not boxed."""
    numbers = [value for value in column if isinstance(value, float)]
    places = decimals(numbers)
    long = column.map(_is_long).any() and not boxed
    texts = "white-space:normal;min-width:min(16em,35vw)" if long else "white-space:nowrap"

    wraps = ' class="wraps"' * (not boxed)  # on a narrow page

    cells = []
    for value in column:
        if isinstance(value, str):
            text = html.escape(value)
            cells.append(f'<td{wraps} style="text-align:left;{texts}">{text}</td>')
        elif isinstance(value, float) and math.isfinite(value):
            cells.append(f"<td>{value:.{places}f}</td>")
        else:
            cells.append(f"<td>{number(value)}</td>")
    return cells


def decimals(values: Iterable[float]) -> int:
    """As many decimals as the numbers of a column need: three at most, one from 1000 on."""
    finite = [value for value in values if math.isfinite(value)]
    needed = [len(f"{value:.3f}".rstrip("0").split(".")[1]) for value in finite]
    most = 1 if any(abs(value) >= 1000 for value in finite) else 3
    return min(most, max(needed, default=0))


def _has_texts(column: pd.Series) -> bool:
    return any(isinstance(value, str) for value in column)


def _is_long(value: Any) -> bool:
    return isinstance(value, str) and len(value) > LONG_TEXT


def _caption(caption: str, more: str = "") -> str:
    if not caption and not more:
        return ""
    return f"<p><b>{html.escape(caption)}</b>{more}</p>"


def number(value: Any) -> str:
    """A value alone: at most three decimals, none from 1000 on; empty for missing values."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return html.escape(str(value))
    if abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.3f}".rstrip("0").rstrip(".")


def markdown_table(rows: pd.DataFrame) -> str:
    """A table in Markdown without its index; numbers have three significant digits."""
    head = [str(column).replace("_", " ") for column in rows]
    body = [list(map(_markdown_cell, row)) for row in rows.itertuples(index=False, name=None)]
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _markdown_cell(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    if value != value:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def players_html(
    sounds: Sequence[tuple[str, np.ndarray, int]], caption: str = "", small: bool = False
) -> str:
    """Players below each other.

    Args:
        sounds: (title, wav, rate) each
        small: MP3, see `audio_tag`
    """
    rows = []
    for title, wav, rate in sounds:
        label = f"{caption}: {title}" if caption else title
        rows.append((title, len(wav) / rate, audio_tag(wav, rate, small, label)))
    return player_rows(rows, caption)


def player_rows(rows: Iterable[tuple[str, float, str]], caption: str = "") -> str:
    """A table of players: (title, seconds, HTML of the player) each."""
    lines = []
    for title, seconds, player in rows:
        name = f'<td style="text-align:left">{html.escape(title)}</td>'
        length = f'<td style="white-space:nowrap">{seconds:.1f} s</td>'
        lines.append(f'<tr>{name}{length}<td style="width:22em">{player}</td></tr>')

    opened = '<table class="players" style="width:100%;table-layout:auto">'
    return f"{_caption(caption)}{opened}{''.join(lines)}</table>"


def marked_changes(parts: Iterable[tuple[str, str]]) -> str:
    """The parts of `text.normalize.changes` in one line: old text struck out, new underlined."""
    line = []
    for written, spoken in parts:
        if written == spoken:
            line.append(html.escape(written))
            continue
        if written:
            line.append(f'<del style="{OLD}">{html.escape(written)}</del>')
        if spoken:
            line.append(f'<ins style="{NEW}">{html.escape(spoken)}</ins>')
    return " ".join(line)


def page(title: str, sections: Iterable[tuple[str, str]]) -> str:
    """A page that loads no other file, but for players of files in `sections`.

    Args:
        sections: (heading, HTML) each
    """
    sections = list(sections)
    links = "".join(
        f'<li><a href="#section-{place}">{html.escape(heading)}</a></li>'
        for place, (heading, _) in enumerate(sections)
    )
    body = "".join(
        f'<section id="section-{place}"><h2>{html.escape(heading)}</h2>{content}</section>\n'
        for place, (heading, content) in enumerate(sections)
    )
    name = html.escape(title)
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}</title><style>{STYLE}{NARROW}</style>"
    )
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head><body><h1>{name}</h1>\n'
        f'<nav aria-label="Contents"><ol>{links}</ol></nav>\n{body}</body></html>\n'
    )
