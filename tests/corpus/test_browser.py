"""The clip browser, operated as a person would."""

from __future__ import annotations

import pytest

from helpers.handmade import corpus
from vago.corpus.corrections import Correction, put, read_corrections
from vago.corpus.params import CorpusParams
from vago.corpus.review import browser, clip_table


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("corpus"))


def encode(text: str) -> list[int]:
    """A tokenizer that knows everything but ☺: one token a character."""
    return [1 if character == "☺" else 5 for character in text]


@pytest.fixture
def table(made, tmp_path):
    p = CorpusParams(max_tokens=60)
    return browser.ClipBrowser(*made, tmp_path / "corrections.csv", encode, p)


def marked(table):
    return [button.description for button in table.table.buttons if button.button_style]


def open_clip(table, name):
    table.choose(int(table.rows.index[table.rows.candidate == name][0]))


def opened(table):
    return table.rows.candidate[table.chosen]


def actions(table):
    return [c.action for c in read_corrections(table.path)]


def by_hand(table, name):
    return table.rows.set_index("candidate").by_hand[name]


def test_the_chosen_clip_is_played_drawn_and_marked(table):
    table.table.buttons[2].click()
    assert 'aria-label="' in table.player.value and 'alt="Waveform' in table.player.value
    assert "data:audio/flac" in table.player.value and "data:image/png" in table.player.value
    assert "quiz-one-0002" in table.facts.value
    assert "snr db <b>22</b>" in table.facts.value
    assert table.text.value == "Ez a páros mondat, 2 Ft!" and "két forint" in table.reading.value
    assert marked(table) == ["quiz-one-0002"]


def test_filters_that_leave_nothing_close_the_clip(table):
    table.table.filters["text"].value = "nincs ilyen"
    assert table.chosen is None and table.clip.layout.display == "none"
    table.table.filters["text"].value = ""
    assert opened(table) == "quiz-one-0000" and table.clip.layout.display == ""


def test_next_and_previous_go_through_the_table_and_stop_at_its_ends(table):
    table.choose(clip_table.PAGE_ROWS - 1)
    table.next.click()
    assert table.chosen == clip_table.PAGE_ROWS
    assert table.table.count.value.startswith("page 2 of 2")
    assert marked(table) == [table.rows.candidate[clip_table.PAGE_ROWS]]
    table.previous.click()
    assert table.chosen == clip_table.PAGE_ROWS - 1
    assert table.table.count.value.startswith("page 1 of 2")

    table.choose(len(table.rows) - 1)
    table.next.click()
    assert table.chosen == len(table.rows) - 1 and "last" in table.message.value
    table.choose(0)
    table.previous.click()
    assert table.chosen == 0 and "first" in table.message.value


def test_next_follows_the_order_of_the_table(table):
    table.table.headers["snr_db"].click()
    table.table.headers["snr_db"].click()
    open_clip(table, "quiz-one-0011")
    table.next.click()
    assert opened(table) == "interview-one-0011"


def test_decisions_are_written_to_the_file(table):
    open_clip(table, "quiz-one-0005")
    table.reason.value = "köhög"
    table.reject.click()
    (c,) = read_corrections(table.path)
    assert (c.action, c.start, c.end, c.reason) == ("reject", 15.5, 17.5, "köhög")
    assert "reject" in table.table.cells["by_hand"].value

    table.text.value = "Ez a 3. mondat."
    assert actions(table) == ["reject", "text"]
    assert by_hand(table, "quiz-one-0005") == "reject, text"

    open_clip(table, "quiz-one-0006")
    open_clip(table, "quiz-one-0005")
    assert table.text.value == "Ez a 3. mondat." and table.reason.value == "köhög"


# a field's value arrives when the field is left, whatever is clicked
@pytest.mark.parametrize("leave", ["next", "previous", "row", "filter"])
def test_an_edited_text_is_saved_however_the_clip_is_left(table, leave):
    open_clip(table, "quiz-one-0005")
    table.text.value = "Ez a 3. mondat."
    if leave == "row":
        table.table.buttons[9].click()
    elif leave == "filter":
        table.table.filters["fate"].value = "rejected"
    else:
        getattr(table, leave).click()

    (c,) = read_corrections(table.path)
    assert (c.action, c.text, c.start) == ("text", "Ez a 3. mondat.", 15.5)
    assert opened(table) != "quiz-one-0005"
    assert "quiz-one-0005: written to corrections.csv" in table.message.value

    table.table.filters["fate"].value = clip_table.ALL
    open_clip(table, "quiz-one-0005")
    assert table.text.value == "Ez a 3. mondat." and table.message.value == ""
    table.save.click()
    assert "this text is in corrections.csv" in table.message.value and len(actions(table)) == 1


def test_a_field_that_is_left_after_the_click_belongs_to_its_own_clip(table):
    """JupyterLab handles the messages of two widgets in two threads, in either order."""
    open_clip(table, "quiz-one-0005")
    text, reason = table.text, table.reason
    table.reject.click()
    table.next.click()
    text.value = "Ez a 3. mondat."
    reason.value = "köhög"

    decided = {(c.action, c.text, c.reason, c.start) for c in read_corrections(table.path)}
    assert ("text", "Ez a 3. mondat.", "", 15.5) in decided
    assert ("reject", "", "köhög", 15.5) in decided and len(decided) == 2
    assert opened(table) == "quiz-one-0006" and table.text.value == "Ez a páros mondat, 6 Ft!"
    assert "quiz-one-0005: written" in table.message.value
    assert "két" not in table.reading.value


def test_opening_clips_saves_nothing(table):
    for _ in range(3):
        table.next.click()
    assert not table.path.exists() and table.message.value == ""


def test_a_text_that_cannot_be_saved_is_kept_and_told(table):
    open_clip(table, "quiz-one-0004")
    table.text.value = "Jaj ☺!"
    assert "unknown token (☺)" in table.message.value and not table.path.exists()
    assert by_hand(table, "quiz-one-0004") == browser.UNSAVED

    table.next.click()
    assert opened(table) == "quiz-one-0005"
    assert "quiz-one-0004: this text cannot be trained on" in table.message.value
    table.previous.click()
    assert table.text.value == "Jaj ☺!" and "unknown token" in table.message.value

    table.text.value = "Jaj!"
    assert actions(table) == ["text"] and by_hand(table, "quiz-one-0004") == "text"

    table.text.value = ""
    table.undo.click()
    assert table.text.value == "Ez a páros mondat, 4 Ft!" and not table.path.exists()
    assert by_hand(table, "quiz-one-0004") == "" and "unsaved text is gone" in table.message.value


def test_a_reason_may_be_typed_before_or_after_the_decision(table):
    open_clip(table, "quiz-one-0005")
    table.reject.click()
    table.reason.value = "köhög"
    table.next.click()
    (c,) = read_corrections(table.path)
    assert (c.action, c.reason) == ("reject", "köhög")
    assert "quiz-one-0005: written" in table.message.value

    table.reason.value = "csak halk"
    assert len(actions(table)) == 1, "nothing is decided about this clip"
    table.previous.click()
    assert table.reason.value == "köhög"
    table.next.click()
    assert table.reason.value == "csak halk"
    table.reject.click()
    assert [c.reason for c in read_corrections(table.path)] == ["köhög", "csak halk"]

    open_clip(table, "quiz-one-0008")
    table.text.value = "Más."
    table.reason.value = "elhallás"
    assert [c.reason for c in read_corrections(table.path)][-1] == "elhallás"
    open_clip(table, "quiz-one-0009")
    open_clip(table, "quiz-one-0008")
    assert table.reason.value == "elhallás"


def test_decisions_are_taken_back(table):
    original = "Ez a páratlan mondat, 5 Ft!"
    open_clip(table, "quiz-one-0005")
    table.reject.click()
    table.text.value = "Ez a 3. mondat."

    table.restore.click()
    assert actions(table) == ["text"], "what was only rejected by hand needs no line"
    table.undo.click()
    assert actions(table) == [] and table.text.value == original

    for text, lines in (("Más.", 1), (original, 0)):
        table.text.value = text
        assert len(actions(table)) == lines, "the original text needs no line"


def test_a_rule_s_rejection_is_restored(table):
    open_clip(table, "quiz-one-0007")
    table.restore.click()
    assert [(c.action, c.start) for c in read_corrections(table.path)] == [("restore", 21.5)]

    open_clip(table, "quiz-one-0008")
    table.restore.click()
    assert len(actions(table)) == 1 and "kept already" in table.message.value


def test_restoring_what_is_rejected_by_a_rule_and_by_hand_overrules_both(table):
    open_clip(table, "quiz-one-0007")
    table.reject.click()
    table.restore.click()
    assert actions(table) == ["restore"]


LONG = "Ez egy nagyon hosszú mondat, amely több tokenből áll, mint ahány lehet."

# (what the ledger has, the text typed, what the sentence says)
IMPOSSIBLE = [
    ({"seconds": 0.31}, None, "0.31 s long and 0.5 s is the least"),
    ({"seconds": 12.4}, None, "12.40 s long and XTTS takes 11.6 s: its cue has to be split"),
    ({"text": "Jaj ☺!"}, None, "its text cannot be trained on (unknown token: ☺)"),
    ({"text": ""}, None, "its text cannot be trained on (empty text): correct the text first"),
    ({"text": LONG}, None, f"text over 200 tokens: {len(LONG)} tokens, 60 is the most"),
    ({"text": "Jaj ☺!"}, "Még ☺ rosszabb", "unknown token: ☺"),
    ({"reason": "unreadable", "detail": "not a WAV file"}, None, "one.wav cannot be read"),
]


@pytest.mark.parametrize(("facts", "typed", "why"), IMPOSSIBLE)
def test_a_restoration_that_cannot_hold_is_refused_at_once(table, facts, typed, why):
    index = int(table.rows.index[table.rows.candidate == "quiz-one-0007"][0])
    for name, value in facts.items():
        table.rows.loc[index, name] = value
    table.choose(index)
    if typed is not None:
        table.text.value = typed

    table.restore.click()
    assert "this clip cannot be restored: " in table.message.value and why in table.message.value
    assert not table.path.exists() and by_hand(table, "quiz-one-0007") in ("", browser.UNSAVED)


def test_a_text_that_is_correct_now_is_restored(table):
    index = int(table.rows.index[table.rows.candidate == "quiz-one-0007"][0])
    table.rows.loc[index, ["text", "reason"]] = ["Jaj ☺!", "unknown token"]
    table.choose(index)
    table.text.value = "Jaj, de jó!"
    table.restore.click()
    assert sorted(actions(table)) == ["restore", "text"]


def test_a_corrected_text_that_is_applied_can_be_corrected_again(made, tmp_path):
    """The ledger knows the corrected text then, and no longer the transcript's."""
    path = tmp_path / "corrections.csv"
    applied = "Ez a páratlan mondat, 5 Ft!"
    put(path, Correction("quiz", "one.wav", 15.5, 17.5, "text", applied))
    ledger = made[0].ledger.copy()
    ledger.loc[ledger.candidate == "quiz-one-0005", "detail"] = "text corrected by hand"
    corpus = type(made[0])(**{**vars(made[0]), "ledger": ledger})
    table = browser.ClipBrowser(corpus, made[1], path, encode)

    open_clip(table, "quiz-one-0005")
    for text in ("Más.", applied):
        table.text.value = text
        assert [c.text for c in read_corrections(path)] == [text]


def test_texts_that_cannot_be_trained_on_are_refused(table):
    open_clip(table, "quiz-one-0004")
    unchanged = table.text.value
    refused = {
        "  ": "without text",
        "Jaj ☺!": "unknown token (☺)",
        LONG: "60 is the most",
        unchanged: "as it was",
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

    table.text.value = "Más."
    assert "line 1" in table.message.value and table.unsaved
    table.next.click()
    assert opened(table) == "quiz-one-0005" and "line 1" in table.message.value
    assert table.path.read_text() == "nonsense\n"

    table.path.unlink()
    table.previous.click()
    assert table.text.value == "Más." and actions(table) == ["text"], "saved when it can be"


def test_recordings_that_are_gone_leave_the_rest_usable(made, tmp_path):
    table = browser.ClipBrowser(made[0], tmp_path, tmp_path / "corrections.csv")
    open_clip(table, "quiz-one-0007")
    assert "put it back" in table.player.value and "&lt;" not in table.facts.value
    table.reject.click()
    assert actions(table) == ["reject"]
