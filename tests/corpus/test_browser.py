"""The clip browser, operated as a person would."""

from __future__ import annotations

import re

import pytest

from helpers.handmade import corpus
from vago.corpus.corrections import read_corrections
from vago.corpus.review import browser, ledger


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("corpus"))


def encode(text: str) -> list[int]:
    """A tokenizer that knows everything but ☺."""
    return [1 if "☺" in text else 5] * len(text)


@pytest.fixture
def table(made, tmp_path):
    return browser.ClipBrowser(*made, tmp_path / "corrections.csv", encode)


def names(table):
    return [button.description for button in table.buttons if button.layout.display != "none"]


def marked(table):
    return [button.description for button in table.buttons if button.button_style]


def open_clip(table, name):
    table.choose(int(table.rows.index[table.rows.candidate == name][0]))


def actions(table):
    return [c.action for c in read_corrections(table.path)]


def test_pages_hold_every_candidate_once(table):
    first = names(table)
    assert len(first) == browser.PAGE_ROWS
    assert table.count.value == "page 1 of 2: 24 candidates, 22 kept, 0.8 min"
    assert table.back.disabled and not table.forward.disabled

    table.forward.click()
    assert sorted(first + names(table)) == sorted(table.rows.candidate) and table.forward.disabled


def test_choices_filter(table):
    table.filters["fate"].value = "rejected"
    assert names(table) == ["quiz-one-0003", "quiz-one-0007"]
    table.filters["fate"].value = browser.ALL
    assert len(names(table)) == browser.PAGE_ROWS


def test_any_column_filters_and_sorts(table):
    for column in table.rows:
        table.add_filter(column)
    kinds = {ledger.column_kind(table.rows[name]) for name in table.filters}
    assert kinds == {"number", "choice", "text"}
    assert int(re.search(r"(\d+) candidates", table.count.value)[1]) == len(table.rows)

    table.filters["snr_db"].value = (30.0, 31.0)
    expected = [f"{source}-one-00{n}" for source in ("quiz", "interview") for n in (10, 11)]
    assert names(table) == expected

    table.filters["text"].value = "páratlan"
    table.sort.value = "candidate"
    table.descending.value = True
    assert names(table) == ["quiz-one-0011", "interview-one-0011"]

    table.filters["text"].value = "nincs ilyen"
    assert names(table) == [] and table.chosen is None and table.clip.layout.display == "none"


def test_the_chosen_clip_is_played_drawn_and_marked(table):
    table.buttons[2].click()
    assert 'aria-label="' in table.player.value and 'alt="Waveform' in table.player.value
    assert "data:audio/flac" in table.player.value and "data:image/png" in table.player.value
    assert "quiz-one-0002" in table.facts.value
    assert "snr db <b>22</b>" in table.facts.value
    assert table.text.value == "Ez a páros mondat, 2 Ft!" and "két forint" in table.reading.value
    assert marked(table) == ["quiz-one-0002"]


def test_next_goes_through_the_table_and_stops_at_its_end(table):
    table.choose(browser.PAGE_ROWS - 1)
    table.next.click()
    assert table.chosen == browser.PAGE_ROWS and table.count.value.startswith("page 2 of 2")
    assert marked(table) == [table.rows.candidate[browser.PAGE_ROWS]]

    table.choose(len(table.rows) - 1)
    table.next.click()
    assert table.chosen == len(table.rows) - 1 and "last" in table.message.value


def test_decisions_are_written_to_the_file(table):
    open_clip(table, "quiz-one-0005")
    table.reason.value = "köhög"
    table.reject.click()
    (c,) = read_corrections(table.path)
    assert (c.action, c.start, c.end, c.reason) == ("reject", 15.5, 17.5, "köhög")
    assert "quiz-one-0005" in names(table) and "reject" in table.table.value

    table.text.value = "Ez a 3. mondat."
    table.save.click()
    assert actions(table) == ["reject", "text"]
    assert dict(table.rows.set_index("candidate").by_hand)["quiz-one-0005"] == "reject, text"

    open_clip(table, "quiz-one-0006")
    open_clip(table, "quiz-one-0005")
    assert table.text.value == "Ez a 3. mondat." and table.reason.value == "köhög"


def test_decisions_are_taken_back(table):
    original = "Ez a páratlan mondat, 5 Ft!"
    open_clip(table, "quiz-one-0005")
    table.reject.click()
    table.text.value = "Ez a 3. mondat."
    table.save.click()

    table.restore.click()
    assert actions(table) == ["text"], "what was only rejected by hand needs no line"
    table.undo.click()
    assert actions(table) == [] and table.text.value == original

    for text, lines in (("Más.", 1), (original, 0)):
        table.text.value = text
        table.save.click()
        assert len(actions(table)) == lines, "the original text needs no line"


def test_a_rule_s_rejection_is_restored(table):
    open_clip(table, "quiz-one-0007")
    table.restore.click()
    assert [(c.action, c.start) for c in read_corrections(table.path)] == [("restore", 21.5)]

    open_clip(table, "quiz-one-0008")
    table.restore.click()
    assert len(actions(table)) == 1 and "kept already" in table.message.value


def test_texts_that_cannot_be_trained_on_are_refused(table):
    open_clip(table, "quiz-one-0004")
    refused = {
        "  ": "without text",
        "Jaj ☺!": "unknown token ☺",
        table.text.value: "as it was",
    }
    for text, why in refused.items():
        table.text.value = text
        table.save.click()
        assert why in table.message.value
    assert actions(table) == []


def test_a_broken_file_is_reported_and_left_alone(table):
    open_clip(table, "quiz-one-0004")
    table.path.write_text("nonsense\n")
    table.reject.click()
    assert "line 1" in table.message.value and table.path.read_text() == "nonsense\n"


def test_recordings_that_are_gone_leave_the_rest_usable(made, tmp_path):
    table = browser.ClipBrowser(made[0], tmp_path, tmp_path / "corrections.csv")
    open_clip(table, "quiz-one-0007")
    assert "put it back" in table.player.value and "&lt;" not in table.facts.value
    table.reject.click()
    assert actions(table) == ["reject"]
