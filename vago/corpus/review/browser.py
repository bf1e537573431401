"""The clip browser for JupyterLab: filter and sort all candidates, play, correct, reject, restore.

A decision is written to corrections.csv at once and takes effect at the next run of notebook 01.
Nothing waits for a click: the notebook shows the same table without widgets, too.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pandas as pd
from IPython.display import display as ipython_display

from vago import VagoError
from vago.corpus.corpus import Corpus
from vago.corpus.corrections import read_corrections
from vago.corpus.review import ledger, markup
from vago.corpus.review.decisions import Decisions
from vago.display import figures, html

PAGE_ROWS = 15
ALL = ()  # the choice that lets every row pass; None would be displayed as no choice
FILTERS = ("fate", "source", "text")  # there from the start, others can be added
WRAP = {"flex_flow": "row wrap"}


class ClipBrowser:
    """Filters and a page of rows; below, the chosen clip with player, spectrogram, text, actions.

    Args:
        recordings_dir: holds the recordings, from which rejected candidates are played
        path: corrections.csv
        encode: the base's tokenizer; with it, a text with unknown tokens is refused at once
    """

    def __init__(
        self,
        corpus: Corpus,
        recordings_dir: Path,
        path: Path,
        encode: Callable[[str], list[int]] | None = None,
    ):
        self.corpus = corpus
        self.recordings_dir = Path(recordings_dir)
        self.path = Path(path)
        self.rows = ledger.candidate_table(corpus, read_corrections(path))
        self.decisions = Decisions(path, self.rows, encode)

        self.chosen: int | None = None
        self.page = 0
        self.filters: dict[str, widgets.Widget] = {}
        self.view = widgets.VBox([*self._build_table(), self._build_clip()])
        for column in FILTERS:
            self.add_filter(column)
        self.refresh()

    def _ipython_display_(self) -> None:
        ipython_display(self.view)

    # Widgets

    def _build_table(self) -> list[widgets.Widget]:
        columns = [(name.replace("_", " "), name) for name in self.rows]
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

        return [top, self.filter_box, pages, self._build_grid()]

    def _build_grid(self) -> widgets.Widget:
        """A column of buttons with the candidates' names, beside an HTML table of their values."""
        flat = {"height": markup.ROW, "min_height": markup.ROW, "width": "100%", "margin": "0"}
        self.buttons = [widgets.Button(layout=flat) for _ in range(PAGE_ROWS)]
        for place, button in enumerate(self.buttons):
            button.on_click(lambda button, place=place: self._choose_row(place))

        head = widgets.HTML(markup.heading("clip"), layout={"height": markup.ROW, "margin": "0"})
        column = {"flex": "0 0 15em", "width": "15em"}
        names = widgets.VBox([head, *self.buttons], layout=column)
        self.table = widgets.HTML(layout={"margin": "0"})
        return widgets.HBox([names, self.table], layout={"overflow": "auto"})

    def _build_clip(self) -> widgets.Widget:
        wide = {"width": "98%"}
        self.facts = widgets.HTML(layout=wide)
        self.player = widgets.HTML(layout=wide)
        self.reading = widgets.HTML(layout=wide)
        self.message = widgets.HTML(layout=wide)

        self.text = widgets.Textarea(rows=3, layout=wide, continuous_update=False)
        self.text.observe(lambda change: self._show_reading(), names="value")
        hint = "why, in your words (optional)"
        self.reason = widgets.Text(placeholder=hint, layout={"width": "24em"})

        add = self._action
        self.save = add("Save text", "check", "train with this text", self.save_text)
        self.reject = add("Reject", "times", "leave the clip out", lambda: self.decide("reject"))
        self.restore = add(
            "Restore", "plus", "keep the clip against a rule", lambda: self.decide("restore")
        )
        self.undo = add("Undo", "undo", "remove all decisions about this clip", self.take_back)
        self.next = add("Next", "arrow-down", "the next clip of the table", self.choose_next)

        buttons = [self.save, self.reject, self.restore, self.undo, self.next]
        actions = widgets.HBox([*buttons, self.reason], layout=WRAP)
        parts = [self.facts, self.player, self.text, self.reading, actions, self.message]
        self.clip = widgets.VBox(parts)
        return self.clip

    def _action(self, name: str, icon: str, tip: str, act: Callable[[], str]) -> widgets.Button:
        """A button whose action returns a sentence, which is shown below the clip."""
        button = widgets.Button(description=name, icon=icon, tooltip=tip)
        button.on_click(lambda button: self._run(act))
        return button

    def _run(self, act: Callable[[], str]) -> None:
        try:
            sentence = act()
            self._mark()
        except VagoError as error:
            sentence = str(error)
        self.message.value = f"<b>{escape(sentence)}</b>" if sentence else ""

    # Filters

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

    # The table

    def refresh(self) -> None:
        """Show the first page, with the filters and the order as they are set now."""
        self.page = 0
        self._draw()
        if self.chosen not in self.shown.index:
            self.choose(next(iter(self.shown.index), None))

    def turn(self, pages: int) -> None:
        self.page += pages
        self._draw()

    def _draw(self) -> None:
        self.shown = ledger.select(self.rows, self.wanted(), self.sort.value, self.descending.value)
        last = max(0, (len(self.shown) - 1) // PAGE_ROWS)
        self.page = min(max(self.page, 0), last)
        self.back.disabled = self.page == 0
        self.forward.disabled = self.page == last

        minutes = self.shown["seconds"].sum() / 60
        kept = int((self.shown["fate"] == "kept").sum())
        amount = f"{len(self.shown)} candidates, {kept} kept, {minutes:.1f} min"
        self.count.value = f"page {self.page + 1} of {last + 1}: {amount}"

        rows = self.shown.iloc[self.page * PAGE_ROWS : (self.page + 1) * PAGE_ROWS]
        for place, button in enumerate(self.buttons):
            there = place < len(rows)
            chosen = there and rows.index[place] == self.chosen
            button.layout.display = "" if there else "none"
            button.description = rows["candidate"].iloc[place] if there else ""
            button.button_style = "info" if chosen else ""
        self.table.value = markup.rows(rows, self.chosen)

    # The chosen clip

    def _choose_row(self, place: int) -> None:
        self.choose(self.shown.index[self.page * PAGE_ROWS + place])

    def choose(self, index: int | None) -> None:
        """Open one candidate, by its number in `rows`; None closes the clip."""
        self.chosen = index
        self.message.value = ""
        self.clip.layout.display = "none" if index is None else ""
        if index is not None:
            self._show_clip(index)
        self._draw()

    def _show_clip(self, index: int) -> None:
        row = self.rows.loc[index]
        fix = self.decisions.about(index)
        self.text.value = fix.text.text if fix.text else row.written or row.text
        self.reason.value = fix.fate.reason if fix.fate else ""
        self.facts.value = markup.facts(row)
        self._show_reading()

        try:
            wav, rate = ledger.candidate_audio(self.corpus, self.recordings_dir, row)
            picture = figures.spectrogram(wav, rate)
            player = html.audio_tag(wav, rate, label=row.candidate)
            self.player.value = player + html.image_tag(picture)
        except VagoError as error:
            self.player.value = f"<p>{escape(str(error))}</p>"

    def choose_next(self) -> str:
        """Open the row below, on the next page if it is there."""
        place = 0
        if self.chosen in self.shown.index:
            place = self.shown.index.get_loc(self.chosen) + 1
        if place >= len(self.shown):
            return "this was the last one"

        self.page = place // PAGE_ROWS
        self.choose(self.shown.index[place])
        return ""

    def _show_reading(self) -> None:
        self.reading.value = markup.reading(self.text.value)

    def save_text(self) -> str:
        return self.decisions.correct_text(self.chosen, self.text.value, self.reason.value)

    def decide(self, action: str) -> str:
        return self.decisions.decide(self.chosen, action, self.reason.value)

    def take_back(self) -> str:
        sentence = self.decisions.undo(self.chosen)
        self.choose(self.chosen)
        return sentence

    def _mark(self) -> None:
        """Show in the table what has been decided."""
        self.rows["by_hand"] = ledger.by_hand(self.rows, read_corrections(self.path))
        self._draw()


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
