"""The clip browser for JupyterLab: filter and sort all candidates, play, correct, reject, restore.

A decision is written to corrections.csv at once and takes effect at the next run of notebook 01.
Nothing waits for a click: the notebook shows the same table without widgets, too.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from threading import RLock

import ipywidgets as widgets
from IPython.display import display as ipython_display

from vago import VagoError
from vago.corpus.corpus import Corpus
from vago.corpus.corrections import read_corrections
from vago.corpus.params import CorpusParams
from vago.corpus.review import ledger, markup
from vago.corpus.review.clip_table import WRAP, ClipTable
from vago.corpus.review.decisions import Decisions
from vago.corpus.verdicts import Encode
from vago.display import figures, html

UNSAVED = "text not saved"
WIDE = {"width": "98%"}


class ClipBrowser:
    """The table; below, the chosen clip with player, spectrogram, text and actions.

    Text and reason are saved as soon as their fields are left. A text that cannot be trained on is
    not saved, but kept for as long as the browser is open.

    Args:
        recordings_dir: holds the recordings, from which rejected candidates are played
        path: corrections.csv
        encode: the base's tokenizer; with it, a text with unknown tokens is refused at once
        p: the settings that the candidates were judged by
    """

    def __init__(
        self,
        corpus: Corpus,
        recordings_dir: Path,
        path: Path,
        encode: Encode | None = None,
        p: CorpusParams | None = None,
    ):
        self.corpus = corpus
        self.recordings_dir = Path(recordings_dir)
        self.path = Path(path)
        self.rows = ledger.candidate_table(corpus, read_corrections(path))
        self.decisions = Decisions(path, self.rows, encode, p)

        self.chosen: int | None = None
        self.fields: dict[int, tuple[widgets.Textarea, widgets.Text]] = {}  # text, reason
        self.unsaved: set[int] = set()  # clips whose text field cannot be trained on
        self._filling = False
        self._saved = ""  # what leaving a field has done; still shown when another clip is open
        self._lock = RLock()  # JupyterLab may handle two widgets in two threads
        self.clip = self._build_clip()
        self.table = ClipTable(self.rows, self.choose)
        self.view = widgets.VBox([self.table.view, self.clip])
        self.table.refresh()

    def _ipython_display_(self) -> None:
        ipython_display(self.view)

    # Widgets

    def _build_clip(self) -> widgets.Widget:
        self.facts = widgets.HTML(layout=WIDE)
        self.player = widgets.HTML(layout=WIDE)
        self.reading = widgets.HTML(layout=WIDE)
        self.message = widgets.HTML(layout=WIDE)

        self.previous = widgets.Button(description="Previous", icon="arrow-up")
        self.previous.on_click(lambda button: self.step(-1))
        self.next = widgets.Button(description="Next", icon="arrow-down")
        self.next.on_click(lambda button: self.step(1))

        add = self._action
        self.save = add("Save text", "check", "train with this text", self.save_text)
        self.reject = add("Reject", "times", "leave the clip out", lambda: self.decide("reject"))
        self.restore = add(
            "Restore", "plus", "keep the clip against a rule", lambda: self.decide("restore")
        )
        self.undo = add("Undo", "undo", "remove all decisions about this clip", self.take_back)

        self.buttons = [
            self.previous,
            self.next,
            self.save,
            self.reject,
            self.restore,
            self.undo,
        ]
        self.actions = widgets.HBox(layout=WRAP)
        return widgets.VBox()

    def _open_fields(self, index: int) -> None:
        """Show the fields for a clip's text and reason, with what was typed there before.

        Every clip has its own, since JupyterLab may report that a field was left only after the
        click that opened another clip.
        """
        if index not in self.fields:
            # without continuous_update a value changes when its field is left
            text = widgets.Textarea(rows=3, layout=WIDE, continuous_update=False)
            text.observe(lambda change: self._text_left(index), names="value")
            reason = widgets.Text(
                placeholder="why, in your words (optional)",
                layout={"width": "24em"},
                continuous_update=False,
            )
            reason.observe(lambda change: self._reason_left(index), names="value")
            self.fields[index] = text, reason

        self.text, self.reason = self.fields[index]
        self.actions.children = (*self.buttons, self.reason)
        parts = (self.facts, self.player, self.text, self.reading, self.actions, self.message)
        self.clip.children = parts

    def _action(self, name: str, icon: str, tip: str, act: Callable[[], str]) -> widgets.Button:
        """A button whose action returns a sentence, which is shown below the clip."""

        def run(button: widgets.Button) -> None:
            self._saved = ""
            self._run(act)

        button = widgets.Button(description=name, icon=icon, tooltip=tip)
        button.on_click(run)
        return button

    def _run(self, act: Callable[[], str]) -> str:
        """Do something; show and return the sentence that it, or its failure, has."""
        with self._lock:
            try:
                sentence = act()
            except VagoError as error:
                sentence = str(error)
            self._say(sentence)
            self._mark()
        return sentence

    def _say(self, sentence: str) -> None:
        self.message.value = f"<b>{escape(sentence)}</b>" if sentence else ""

    def _mark(self) -> None:
        """Show in the table what has been decided."""
        try:
            by_hand = ledger.by_hand(self.rows, read_corrections(self.path))
        except VagoError:  # the action has said what is wrong with the file
            return

        self.rows["by_hand"] = by_hand
        for index in self.unsaved:
            self.rows.loc[index, "by_hand"] = UNSAVED
        self.table.draw()

    # The chosen clip

    def choose(self, index: int | None) -> None:
        """Open one candidate, by its number in `rows`; None closes the clip."""
        with self._lock:
            self.chosen = index
            self.clip.layout.display = "none" if index is None else ""
            self._say(self._saved)
            self._saved = ""
            if index is not None:
                self._show_clip(index)
            self.table.mark(index)

    def _show_clip(self, index: int) -> None:
        row = self.rows.loc[index]
        self.facts.value = markup.facts(row)
        self._open_fields(index)
        try:
            self._fill(index)
        except VagoError as error:  # corrections.csv is broken
            self._say(str(error))

        try:
            wav, rate = ledger.candidate_audio(self.corpus, self.recordings_dir, row)
            picture = figures.spectrogram(wav, rate)
            player = html.audio_tag(wav, rate, label=row.candidate)
            self.player.value = player + html.image_tag(picture)
        except VagoError as error:
            self.player.value = f"<p>{escape(str(error))}</p>"

    def _fill(self, index: int) -> None:
        """Fill in the text and the reason, which saves neither; what is not saved stays."""
        fix = self.decisions.about(index)
        decided = fix.fate or fix.text
        text = self.text.value if index in self.unsaved else self.decisions.text(index)

        self._filling = True
        self.text.value = text
        if decided:
            self.reason.value = decided.reason
        self._filling = False

        self.reading.value = markup.reading(text)
        if index in self.unsaved:
            self._run(lambda: self._save(index))  # says again why it cannot be saved

    def step(self, rows: int) -> None:
        """Open the clip so many rows below, on another page if it is there."""
        with self._lock:
            index = self.table.neighbour(rows)
            if index is None:
                self._say("this was the last one" if rows > 0 else "this is the first one")
            else:
                self.choose(index)

    # Decisions

    def _text_left(self, index: int) -> None:
        """Save a clip's text when its field is left."""
        with self._lock:
            if self._filling:
                return
            if index == self.chosen:
                self.reading.value = markup.reading(self.text.value)
            self._leave(index, lambda: self._save(index))

    def _reason_left(self, index: int) -> None:
        """Save the reason of a decision; before there is one, it only stays in its field."""
        with self._lock:
            if not self._filling:
                reason = self.fields[index][1].value
                self._leave(index, lambda: self.decisions.give_reason(index, reason))

    def _leave(self, index: int, save: Callable[[], str]) -> None:
        """Save what a field has and say so; it still says so when the next clip has been opened."""
        sentence = self._run(save)
        if not sentence:
            return

        named = f"{self.rows.candidate[index]}: {sentence}"
        if index == self.chosen:
            self._saved = named
        else:
            self._say(named)

    def _save(self, index: int) -> str:
        """Save a clip's text; one that cannot be trained on stays in its field."""
        text, reason = self.fields[index]
        self.unsaved.add(index)
        sentence = self.decisions.correct_text(index, text.value, reason.value)
        self.unsaved.discard(index)
        return sentence

    def save_text(self) -> str:
        return self._save(self.chosen)

    def decide(self, action: str) -> str:
        return self.decisions.decide(self.chosen, action, self.reason.value)

    def take_back(self) -> str:
        """Remove the decisions about the clip, and a text that could not be saved."""
        unsaved = self.chosen in self.unsaved
        self.unsaved.discard(self.chosen)
        sentence = self.decisions.undo(self.chosen)

        self._filling = True
        self.reason.value = ""
        self._filling = False
        self.choose(self.chosen)
        return f"the unsaved text is gone; {sentence}" if unsaved else sentence
