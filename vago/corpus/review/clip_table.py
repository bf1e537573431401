"""The table of the clip browser: all candidates, filtered and sorted by any column, in pages.

Each column is a button, which sorts, above the HTML of its cells. The candidate's name comes first
and stays in place when the rest is scrolled sideways; the column sorted by stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
import pandas as pd

from vago.corpus.review import ledger, markup

PAGE_ROWS = 15
ALL = ()  # the choice that lets every row pass; None would be displayed as no choice
FILTERS = ("fate", "source", "text")  # there from the start, others can be added
NAME = "candidate"
# the facts about the chosen clip have them; in the table only while it is sorted by them
UNSHOWN = "recording start end detail written clip_id speaker".split()
WRAP = {"flex_flow": "row wrap"}


class ClipTable:
    """Filters, order and a page of rows, one of which may be chosen.

    Args:
        rows: `ledger.candidate_table`
        choose: called with the number of a row that was clicked, or that is the first one left when
            the chosen one was filtered out; None where no row is left.
    """

    def __init__(self, rows: pd.DataFrame, choose: Callable[[int | None], None]):
        self.rows = rows
        self.choose = choose
        self.chosen: int | None = None
        self.page = 0
        self.filters: dict[str, widgets.Widget] = {}

        self.view = widgets.VBox([*self._build_controls(), self._build_grid()])
        for column in FILTERS:
            self.add_filter(column)
        self.draw()

    # Widgets

    def _build_controls(self) -> list[widgets.Widget]:
        columns = [(_title(name), name) for name in self.rows]
        order = [("as recorded", ""), *columns]
        self.sort = widgets.Dropdown(options=order, description="sort by", value="")
        self.descending = widgets.ToggleButton(
            value=False, description="largest first", icon="sort-amount-desc"
        )
        self.sort.observe(lambda change: self.refresh(), names="value")
        self.descending.observe(lambda change: self.refresh(), names="value")

        others = [("choose a column", ""), *columns]
        self.more = widgets.Dropdown(options=others, description="filter by", value="")
        self.more.observe(lambda change: self.add_filter(change["new"]), names="value")
        self.filter_box = widgets.HBox(layout=WRAP)
        top = widgets.HBox([self.sort, self.descending, self.more], layout=WRAP)

        narrow = {"width": "3em"}
        self.back = widgets.Button(icon="chevron-left", tooltip="previous page", layout=narrow)
        self.forward = widgets.Button(icon="chevron-right", tooltip="next page", layout=narrow)
        self.back.on_click(lambda button: self.turn(-1))
        self.forward.on_click(lambda button: self.turn(1))
        self.count = widgets.Label()
        pages = widgets.HBox([self.back, self.forward, self.count])

        return [top, self.filter_box, pages]

    def _build_grid(self) -> widgets.Widget:
        """Buttons with the candidates' names, beside a column of HTML for each of their values."""
        self.headers = {name: self._build_header(name) for name in self.rows}
        self.cells = {name: widgets.HTML(layout={"margin": "0"}) for name in self.rows}
        row = {"height": markup.ROW, "min_height": markup.ROW, "width": "100%", "margin": "0"}
        self.buttons = [widgets.Button(layout=row) for _ in range(PAGE_ROWS)]
        for place, button in enumerate(self.buttons):
            button.on_click(lambda button, place=place: self._choose_row(place))

        fixed = {"flex": "0 0 15em", "width": "15em", "overflow": "hidden"}
        names = widgets.VBox([self.headers[NAME], *self.buttons], layout=fixed)
        column = {"flex": "0 0 auto", "overflow": "hidden"}
        self.columns = {
            name: widgets.VBox([self.headers[name], self.cells[name]], layout=column)
            for name in self.rows
            if name != NAME
        }
        self.scrolled = widgets.HBox(layout={"flex": "1 1 0", "overflow": "auto hidden"})
        return widgets.HBox([names, self.scrolled])

    def _build_header(self, name: str) -> widgets.Button:
        """A column's title; a click sorts by the column, another one the other way round."""
        title = _title(name)
        header = widgets.Button(
            description=title,
            tooltip=f"sort by {title}; again: the other way round",
            layout={"height": markup.ROW, "min_height": markup.ROW, "width": "auto", "margin": "0"},
            style={"font_weight": "600"},
        )
        header.on_click(lambda button: self.sort_by(name))
        return header

    # Filters and order

    def add_filter(self, column: str) -> None:
        """Add a control for a column: a range of numbers, a choice, or a search for text."""
        if not column or column in self.filters:
            return
        control = _filter_control(self.rows[column])
        if control is None:
            return

        control.observe(lambda change: self.refresh(), names="value")
        self.filters[column] = control
        self.filter_box.children = tuple(self.filters.values())
        self.more.options = [option for option in self.more.options if option[1] != column]

    def wanted(self) -> dict[str, Any]:
        """{column: value} of the filters that are set. The others let missing values pass, too."""
        return {
            column: control.value
            for column, control in self.filters.items()
            if control.value != _unset(control)
        }

    def sort_by(self, column: str) -> None:
        """Sort by a column, the smallest first; if it is sorted by it already, turn the order."""
        if self.sort.value == column:
            self.descending.value = not self.descending.value
            return

        self.descending.value = False
        self.sort.value = column

    # Rows

    def refresh(self) -> None:
        """Show the first page, with the filters and the order as they are set now."""
        self.page = 0
        self.draw()
        if self.chosen not in self.shown.index:
            self.choose(next(iter(self.shown.index), None))

    def turn(self, pages: int) -> None:
        self.page += pages
        self.draw()

    def neighbour(self, step: int) -> int | None:
        """The row so many lines below the chosen one; None past the first or the last row."""
        place = 0
        if self.chosen in self.shown.index:
            place = self.shown.index.get_loc(self.chosen) + step
        return self.shown.index[place] if 0 <= place < len(self.shown) else None

    def mark(self, index: int | None) -> None:
        """Mark a row as the chosen one and turn to its page."""
        self.chosen = index
        if index in self.shown.index:
            self.page = self.shown.index.get_loc(index) // PAGE_ROWS
        self.draw()

    def draw(self) -> None:
        """Draw the page again, after a change of `rows` too."""
        self.shown = ledger.select(self.rows, self.wanted(), self.sort.value, self.descending.value)
        last = max(0, (len(self.shown) - 1) // PAGE_ROWS)
        self.page = min(max(self.page, 0), last)
        self.back.disabled = self.page == 0
        self.forward.disabled = self.page == last

        minutes = self.shown["seconds"].sum() / 60
        kept = int((self.shown["fate"] == "kept").sum())
        amount = f"{len(self.shown)} candidates, {kept} kept, {minutes:.1f} min"
        self.count.value = f"page {self.page + 1} of {last + 1}: {amount}"
        self._draw_rows(self.shown.iloc[self.page * PAGE_ROWS : (self.page + 1) * PAGE_ROWS])

    def _draw_rows(self, rows: pd.DataFrame) -> None:
        for place, button in enumerate(self.buttons):
            there = place < len(rows)
            chosen = there and rows.index[place] == self.chosen
            button.layout.display = "" if there else "none"
            button.description = rows[NAME].iloc[place] if there else ""
            button.button_style = "info" if chosen else ""

        arrow = " ▼" if self.descending.value else " ▲"
        for name, header in self.headers.items():
            header.description = _title(name) + arrow * (name == self.sort.value)
        shown = self.columns_shown()
        for name in shown:
            self.cells[name].value = markup.cells(rows[name], self.chosen)
        self.scrolled.children = tuple(self.columns[name] for name in shown)

    def columns_shown(self) -> list[str]:
        """The columns beside the name: the one sorted by, fate and its like, text, measures."""
        columns = [name for name in self.columns if name not in UNSHOWN or name == self.sort.value]

        def rank(name: str) -> tuple[bool, ...]:
            return name != self.sort.value, name not in ledger.FIRST, name != "text"

        return sorted(columns, key=rank)

    def _choose_row(self, place: int) -> None:
        self.choose(self.shown.index[self.page * PAGE_ROWS + place])


def _title(column: str) -> str:
    return "clip" if column == NAME else column.replace("_", " ")


def _filter_control(values: pd.Series) -> widgets.Widget | None:
    """The control for a column; None for numbers that are all the same."""
    kind = ledger.column_kind(values)
    common = {"description": str(values.name), "style": {"description_width": "initial"}}
    if kind == "text":
        wide = {"width": "18em"}
        return widgets.Text(placeholder="contains", continuous_update=False, layout=wide, **common)

    if kind == "choice":
        counts = values.value_counts().sort_index()
        options = [(f"{value or '(none)'} ({count})", value) for value, count in counts.items()]
        options = [("all", ALL), *options]
        return widgets.Dropdown(options=options, value=ALL, layout={"width": "auto"}, **common)

    low, high = values.min(), values.max()
    if not low < high:
        return None
    return widgets.FloatRangeSlider(
        value=(low, high),
        min=low,
        max=high,
        step=(high - low) / 500,
        readout_format=".4g",
        continuous_update=False,
        layout={"width": "26em"},
        **common,
    )


def _unset(control: widgets.Widget) -> Any:
    """The value of a control that lets all rows pass."""
    if isinstance(control, widgets.FloatRangeSlider):
        return control.min, control.max
    return ALL if isinstance(control, widgets.Dropdown) else ""
