"""The table of clips to work on in JupyterLab: find by any column, hear, see, correct, reject, restore.

A decision is written into corrections.csv at once and holds from the next run of notebook 01 on. Nothing waits for a click, and
the notebook has the same table without widgets beside this one.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import ipywidgets as widgets
import pandas as pd
from IPython.display import display as ipython_display

from vago import VagoError
from vago.corpus import corrections
from vago.corpus.corpus import Corpus
from vago.corpus.corrections import Correction
from vago.corpus.review import ledger
from vago.display import figures, html
from vago.text import normalize

PAGE_ROWS = 15
ALL = ()  # the choice that lets everything through; None would be shown as no choice at all
FILTERS = ("fate", "source", "text")  # there from the start; any other column can be added
UNSHOWN = (
    "candidate",
    "recording",
    "start",
    "end",
    "detail",
    "written",
    "clip_id",
    "speaker",
)  # in the chosen clip's facts
ROW = "28px"
CELL = f"height:{ROW};line-height:{ROW};padding:0 8px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis;max-width:22em"


class ClipBrowser:
    """Filters above a page of rows; below it the chosen clip's player, waveform, spectrogram and text, and what to do with it.

    Args:
        recordings_dir: holds the recordings, so that rejected candidates can be heard
        path: corrections.csv
        encode: the base's tokenizer; with it a text that could not be learnt from is refused at once
    """

    def __init__(
        self,
        made: Corpus,
        recordings_dir: Path,
        path: Path,
        encode: Callable[[str], list[int]] | None = None,
    ):
        self.made, self.recordings_dir, self.path, self.encode = (
            made,
            Path(recordings_dir),
            Path(path),
            encode,
        )
        self.rows = ledger.rows(made, corrections.read(path))
        self.chosen, self.page = (0 if len(self.rows) else None), 0
        self.filters: dict[str, widgets.Widget] = {}
        self._build_table()
        self._build_clip()
        for column in FILTERS:
            self.add_filter(column)
        top = widgets.HBox(
            [self.sort, self.descending, self.more], layout=widgets.Layout(flex_flow="row wrap")
        )
        pages = widgets.HBox([self.back, self.on, self.count])
        grid = widgets.HBox([self.names, self.table], layout=widgets.Layout(overflow="auto"))
        self.view = widgets.VBox([top, self.filter_box, pages, grid, self.clip])
        self.choose(self.chosen)

    def _ipython_display_(self) -> None:
        ipython_display(self.view)

    def _build_table(self) -> None:
        columns = [(name.replace("_", " "), name) for name in self.rows]
        self.sort = widgets.Dropdown(
            options=[("as recorded", ""), *columns], description="sort by", value=""
        )
        self.descending = widgets.ToggleButton(
            value=False, description="largest first", icon="sort-amount-desc"
        )
        self.more = widgets.Dropdown(
            options=[("choose a column", ""), *columns], description="filter by", value=""
        )
        self.filter_box = widgets.HBox(layout=widgets.Layout(flex_flow="row wrap"))
        self.back, self.on = (widgets.Button(icon=f"chevron-{way}", tooltip=tip, layout=widgets.Layout(width="3em"))
                              for way, tip in (("left", "page back"), ("right", "page on")))  # fmt: skip
        self.count = widgets.Label()
        flat = dict(height=ROW, min_height=ROW, width="100%", margin="0")
        self.buttons = [widgets.Button(layout=widgets.Layout(**flat)) for _ in range(PAGE_ROWS)]
        head = widgets.HTML(
            f'<div style="{CELL};font-weight:600">clip</div>',
            layout=widgets.Layout(height=ROW, margin="0"),
        )
        self.names = widgets.VBox(
            [head, *self.buttons], layout=widgets.Layout(flex="0 0 15em", width="15em")
        )
        self.table = widgets.HTML(layout=widgets.Layout(margin="0"))
        self.back.on_click(lambda button: self.turn(-1))
        self.on.on_click(lambda button: self.turn(1))
        for place, button in enumerate(self.buttons):
            button.on_click(
                lambda button, place=place: self.choose(
                    self.shown.index[self.page * PAGE_ROWS + place]
                )
            )
        self.sort.observe(lambda change: self.refresh(), names="value")
        self.descending.observe(lambda change: self.refresh(), names="value")
        self.more.observe(lambda change: self.add_filter(change["new"]), names="value")

    def _build_clip(self) -> None:
        wide = widgets.Layout(width="98%")
        self.facts, self.heard, self.reading, self.message = (
            widgets.HTML(layout=wide) for _ in range(4)
        )
        self.text = widgets.Textarea(rows=3, layout=wide, continuous_update=False)
        self.reason = widgets.Text(
            placeholder="why, in your words (optional)", layout=widgets.Layout(width="24em")
        )
        self.save, self.reject, self.restore, self.undo, self.next = (
            widgets.Button(description=name, icon=icon, tooltip=tip)
            for name, icon, tip in (
                ("Save text", "check", "the clip is learnt with this text"),
                ("Reject", "times", "the clip is left out"),
                ("Restore", "plus", "the clip is kept, though a rule rejects it"),
                ("Undo", "undo", "take back what was decided about this clip"),
                ("Next", "arrow-down", "the next clip of the table"),
            )
        )
        for button, act in (
            (self.save, self.save_text), (self.reject, lambda: self.decide("reject")), (self.undo, self.take_back),
            (self.restore, lambda: self.decide("restore")), (self.next, self.choose_next),
        ):  # fmt: skip
            button.on_click(lambda button, act=act: self._told(act))
        self.text.observe(lambda change: self._show_reading(), names="value")
        actions = widgets.HBox(
            [self.save, self.reject, self.restore, self.undo, self.next, self.reason]
        )
        actions.layout.flex_flow = "row wrap"
        self.clip = widgets.VBox(
            [self.facts, self.heard, self.text, self.reading, actions, self.message]
        )

    def add_filter(self, column: str) -> None:
        """Put a control for a column beside the others: a range, a choice, or words to be found."""
        if not column or column in self.filters:
            return
        values, how = self.rows[column], ledger.kind(self.rows[column])
        style, layout = {"description_width": "initial"}, widgets.Layout(width="auto")
        if how == "number":
            low, high = values.min(), values.max()
            if not low < high:
                return
            layout.width = "26em"
            control = widgets.FloatRangeSlider(
                value=(low, high), min=low, max=high, step=(high - low) / 500, readout_format=".4g", description=column,
                continuous_update=False, style=style, layout=layout,
            )  # fmt: skip
        elif how == "choice":
            counts = values.value_counts().sort_index()
            options = [
                ("all", ALL),
                *((f"{value or '(none)'} ({count})", value) for value, count in counts.items()),
            ]
            control = widgets.Dropdown(
                options=options, value=ALL, description=column, style=style, layout=layout
            )
        else:
            control = widgets.Text(
                description=column,
                placeholder="holds",
                continuous_update=False,
                style=style,
                layout=widgets.Layout(width="18em"),
            )
        control.observe(lambda change: self.refresh(), names="value")
        self.filters[column] = control
        self.filter_box.children = tuple(self.filters.values())
        self.more.options = [option for option in self.more.options if option[1] != column]

    def wanted(self) -> dict:
        """The filters that are set: a range at both ends, `all` and no words let everything through, what is missing too."""
        found = {}
        for column, control in self.filters.items():
            if isinstance(control, widgets.FloatRangeSlider):
                all_of_it = (control.min, control.max)
            else:
                all_of_it = ALL if isinstance(control, widgets.Dropdown) else ""
            if control.value != all_of_it:
                found[column] = control.value
        return found

    def refresh(self) -> None:
        """Draw the table from its first page, with the filters and the order as they are set now."""
        self.page = 0
        self._draw()
        if self.chosen not in self.shown.index:
            self.choose(self.shown.index[0] if len(self.shown) else None)

    def turn(self, pages: int) -> None:
        self.page += pages
        self._draw()

    def _draw(self) -> None:
        self.shown = ledger.found(self.rows, self.wanted(), self.sort.value, self.descending.value)
        last = max(0, (len(self.shown) - 1) // PAGE_ROWS)
        self.page = min(max(self.page, 0), last)
        rows = self.shown.iloc[self.page * PAGE_ROWS : (self.page + 1) * PAGE_ROWS]
        self.back.disabled, self.on.disabled = self.page == 0, self.page == last
        minutes, kept = self.shown["seconds"].sum() / 60, int((self.shown["fate"] == "kept").sum())
        self.count.value = f"page {self.page + 1} of {last + 1}: {len(self.shown)} candidates, {kept} kept, {minutes:.1f} min"
        for place, button in enumerate(self.buttons):
            there = place < len(rows)
            button.layout.display = "" if there else "none"
            button.description = rows["candidate"].iloc[place] if there else ""
            button.button_style = "info" if there and rows.index[place] == self.chosen else ""
        self.table.value = self._rows_html(rows)

    def _rows_html(self, rows: pd.DataFrame) -> str:
        columns = sorted(
            (name for name in rows if name not in UNSHOWN),
            key=lambda n: (n not in ledger.FIRST, n != "text"),
        )
        head = "".join(
            f'<th style="{CELL};text-align:left">{escape(name.replace("_", " "))}</th>'
            for name in columns
        )
        body = "".join(
            f'<tr style="{"background:rgba(86,180,233,0.25)" if index == self.chosen else ""}">'
            + "".join(_cell(getattr(row, name)) for name in columns)
            + "</tr>"
            for index, row in zip(rows.index, rows.itertuples())
        )
        return f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'

    def choose(self, index: int | None) -> None:
        """Open one candidate (its number in `rows`); None closes."""
        self.chosen, self.message.value = index, ""
        if index is None:
            self.clip.layout.display = "none"
            return self._draw()
        self.clip.layout.display, row = "", self.rows.loc[index]
        self.text.value = (
            self._decided("text").text if self._decided("text") else row.written or row.text
        )
        self.reason.value = self._decided("fate").reason if self._decided("fate") else ""
        names = [
            name for name in row.index if name not in ("candidate", "text", "written", "clip_id")
        ]
        facts = [
            (name.replace("_", " "), html.number(row[name]))
            for name in names
            if html.number(row[name])
        ]
        listed = " · ".join(f"{name} <b>{value}</b>" for name, value in facts)
        self.facts.value = (
            f'<h4 style="margin:0.6em 0 0">{escape(row.candidate)}</h4><div>{listed}</div>'
        )
        try:
            wav, rate = ledger.sound(self.made, self.recordings_dir, row)
            self.heard.value = html.audio_tag(wav, rate) + html.image_tag(
                figures.spectrogram(wav, rate), "waveform and spectrogram"
            )
        except VagoError as error:
            self.heard.value = f"<p>{escape(str(error))}</p>"
        self._show_reading()
        self._draw()

    def choose_next(self) -> str:
        """Open the row below, on the next page where it is."""
        place = self.shown.index.get_loc(self.chosen) + 1 if self.chosen in self.shown.index else 0
        if place >= len(self.shown):
            return "this was the last one"
        self.page = place // PAGE_ROWS
        self.choose(self.shown.index[place])
        return ""

    def _show_reading(self) -> None:
        parts = normalize.changes(self.text.value)
        same = all(written == spoken for written, spoken in parts)
        self.reading.value = (
            "read as it is written" if same else f"read aloud: {html.marked(parts)}"
        )

    def _decided(self, kind: str) -> Correction | None:
        """What the file says about the chosen candidate."""
        fix = corrections.fixes_of_all(corrections.read(self.path), self.rows)[
            self.rows.index.get_loc(self.chosen)
        ]
        return fix.text if kind == "text" else fix.fate

    def _here(self, action: str, words: str = "") -> Correction:
        row = self.rows.loc[self.chosen]
        return Correction(
            row.source,
            row.recording,
            row.start,
            row.end,
            action,
            words,
            " ".join(self.reason.value.split()),
        )

    def save_text(self) -> str:
        """Write the corrected text down; the text as it was takes an earlier correction back."""
        words = " ".join(self.text.value.split())
        row, before = self.rows.loc[self.chosen], self._decided("text")
        if not words:
            return "a clip without text cannot be learnt from: reject it, or write what is said"
        if self.encode:
            spoken = normalize.normalise(words)
            tokens, fault = normalize.check(spoken, self.encode, 400)
            if fault:
                return f"this text cannot be learnt from: {fault} {normalize.unknown_characters(spoken, self.encode)}".strip()
        first = row.written or row.text
        if words == (before.text if before else first):
            return "the text is as it was"
        return self._replace(
            before, None if before and words == first else self._here("text", words)
        )

    def decide(self, action: str) -> str:
        """Reject or restore the chosen candidate; restoring what was only rejected by hand takes that back."""
        before, row = self._decided("fate"), self.rows.loc[self.chosen]
        if action == "restore" and before is None and row.fate == "kept":
            return "this clip is kept already"
        if action == "restore" and before and before.action == "reject" and self._is_here(before):
            return self._replace(before, None)
        return self._replace(before, self._here(action))

    def take_back(self) -> str:
        decided = [c for c in (self._decided("text"), self._decided("fate")) if c]
        corrections.drop(self.path, *decided)
        self._mark()
        self.choose(self.chosen)
        return (
            f"taken back: {len(decided)} lines of {self.path.name}"
            if decided
            else "nothing was decided about this clip"
        )

    def _is_here(self, c: Correction) -> bool:
        """Whether a decision was made about this very candidate, and not a wider one that also reaches it."""
        row = self.rows.loc[self.chosen]
        return max(abs(c.start - row.start), abs(c.end - row.end)) < corrections.NEAR_SECONDS

    def _replace(self, before: Correction | None, new: Correction | None) -> str:
        if before and self._is_here(before):
            corrections.drop(self.path, before)
        if new:
            corrections.put(self.path, new)
        self._mark()
        said = str(new) if new else f"no longer: {before}"
        return f"written into {self.path.name}: {said}. It holds once this notebook is run again from Cutting on."

    def _mark(self) -> None:
        self.rows["by_hand"] = ledger.decided(self.rows, corrections.read(self.path))
        self._draw()

    def _told(self, act: Callable[[], str]) -> None:
        try:
            said = act()
        except VagoError as error:
            said = str(error)
        self.message.value = f"<b>{escape(said)}</b>" if said else ""


def _cell(value: object) -> str:
    if isinstance(value, str):
        return f'<td title="{escape(value)}" style="{CELL};text-align:left">{escape(value)}</td>'
    return f'<td style="{CELL};text-align:right">{html.number(value)}</td>'
