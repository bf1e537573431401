"""The table of clips, driven as a person would."""

import re

import pytest

from helpers.handmade import corpus
from vago.corpus import corrections
from vago.corpus.review import browser, ledger


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture
def table(made, tmp_path):
    return browser.ClipBrowser(
        *made, tmp_path / "corrections.csv", lambda text: [1 if "☺" in text else 5] * len(text)
    )


def names(table):
    return [button.description for button in table.buttons if button.layout.display != "none"]


def open_clip(table, name):
    table.choose(int(table.rows.index[table.rows.candidate == name][0]))


def test_pages_hold_every_candidate_once(table):
    first = names(table)
    assert (
        len(first) == browser.PAGE_ROWS
        and "page 1 of 2: 24 candidates, 22 kept, 0.8 min" == table.count.value
    )
    assert table.back.disabled and not table.on.disabled
    table.on.click()
    assert sorted(first + names(table)) == sorted(table.rows.candidate) and table.on.disabled


def test_any_column_filters_and_sorts(table):
    table.filters["fate"].value = "rejected"
    assert names(table) == ["quiz-one-0003", "quiz-one-0007"]
    table.filters["fate"].value = browser.ALL
    for column in table.rows:
        table.add_filter(column)
    kinds = {name: ledger.kind(table.rows[name]) for name in table.filters}
    assert "number" in kinds.values() and len(table.rows) == int(
        re.search(r"(\d+) candidates", table.count.value)[1]
    )
    table.filters["snr_db"].value = (30.0, 31.0)
    assert names(table) == [
        f"{source}-one-00{n}" for source in ("quiz", "interview") for n in (10, 11)
    ]
    table.filters["text"].value = "páratlan"
    table.sort.value, table.descending.value = "candidate", True
    assert names(table) == ["quiz-one-0011", "interview-one-0011"]
    table.filters["text"].value = "nincs ilyen"
    assert names(table) == [] and table.chosen is None and table.clip.layout.display == "none"


def test_the_chosen_clip_is_heard_seen_and_marked(table):
    table.buttons[2].click()
    assert "data:audio/flac" in table.heard.value and "data:image/png" in table.heard.value
    assert "quiz-one-0002" in table.facts.value and "<b>22</b>" in table.facts.value, (
        "its signal-to-noise ratio"
    )
    assert table.text.value == "Ez a páros mondat, 2 Ft!" and "két forint" in table.reading.value
    assert [b.description for b in table.buttons if b.button_style] == ["quiz-one-0002"]


def test_next_goes_through_the_table_and_stops_at_its_end(table):
    table.choose(browser.PAGE_ROWS - 1)
    table.next.click()
    assert table.chosen == browser.PAGE_ROWS and table.count.value.startswith("page 2 of 2"), (
        "on to the next page"
    )
    assert [b.description for b in table.buttons if b.button_style] == [
        table.rows.candidate[browser.PAGE_ROWS]
    ]
    table.choose(len(table.rows) - 1)
    table.next.click()
    assert table.chosen == len(table.rows) - 1 and "last" in table.message.value


def test_decisions_go_into_the_file_and_back_out(table):
    open_clip(table, "quiz-one-0005")
    table.reason.value = "köhög"
    table.reject.click()
    (c,) = corrections.read(table.path)
    assert (c.action, c.start, c.end, c.reason) == ("reject", 15.5, 17.5, "köhög")
    assert "quiz-one-0005" in names(table) and "reject" in table.table.value
    table.text.value = "Ez a 3. mondat."
    table.save.click()
    assert [c.action for c in corrections.read(table.path)] == ["reject", "text"]
    assert dict(table.rows.set_index("candidate").by_hand)["quiz-one-0005"] == "reject, text"
    open_clip(table, "quiz-one-0006")
    open_clip(table, "quiz-one-0005")
    assert table.text.value == "Ez a 3. mondat." and table.reason.value == "köhög", (
        "as decided, before the next run too"
    )
    table.restore.click()
    assert [c.action for c in corrections.read(table.path)] == ["text"], (
        "what was only rejected by hand needs no line"
    )
    table.undo.click()
    assert corrections.read(table.path) == [] and table.text.value == "Ez a páratlan mondat, 5 Ft!"
    for text, lines in (("Más.", 1), ("Ez a páratlan mondat, 5 Ft!", 0)):
        table.text.value = text
        table.save.click()
        assert len(corrections.read(table.path)) == lines, "the text as it was needs no line"


def test_a_rule_s_rejection_is_restored(table):
    open_clip(table, "quiz-one-0007")
    table.restore.click()
    assert [(c.action, c.start) for c in corrections.read(table.path)] == [("restore", 21.5)]
    open_clip(table, "quiz-one-0008")
    table.restore.click()
    assert len(corrections.read(table.path)) == 1 and "kept already" in table.message.value


def test_texts_nobody_could_learn_are_refused(table):
    open_clip(table, "quiz-one-0004")
    for text, why in (
        ("  ", "without text"),
        ("Jaj ☺!", "unknown token ☺"),
        (table.text.value, "as it was"),
    ):
        table.text.value = text
        table.save.click()
        assert why in table.message.value
    assert corrections.read(table.path) == []


def test_a_broken_file_is_said_and_left_alone(table):
    open_clip(table, "quiz-one-0004")
    table.path.write_text("nonsense\n")
    table.reject.click()
    assert "line 1" in table.message.value and table.path.read_text() == "nonsense\n"


def test_recordings_that_are_gone_leave_the_rest_usable(made, tmp_path):
    table = browser.ClipBrowser(made[0], tmp_path, tmp_path / "corrections.csv")
    open_clip(table, "quiz-one-0007")
    assert "bring it back" in table.heard.value and "&lt;" not in table.facts.value
    table.reject.click()
    assert corrections.read(table.path)
