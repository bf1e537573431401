"""The table of the clip browser: pages, filters, and columns that sort by a click."""

from __future__ import annotations

import re

import pytest

from helpers.handmade import corpus
from vago.corpus.review import clip_table, ledger
from vago.corpus.review.clip_table import ClipTable


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return ledger.candidate_table(corpus(tmp_path_factory.mktemp("corpus"))[0])


@pytest.fixture
def table(rows):
    """A table without a browser around it: what is chosen is marked."""
    made = ClipTable(rows, lambda index: made.mark(index))
    return made


def names(table):
    return [button.description for button in table.buttons if button.layout.display != "none"]


def cells(table, column):
    return re.findall(r"<div[^>]*>([^<]*)</div>", table.cells[column].value)


def titles(table):
    """The titles of the columns as they stand side by side, the name's first."""
    shown = [table.headers[clip_table.NAME]]
    shown += [column.children[0] for column in table.scrolled.children]
    return [header.description for header in shown]


def test_pages_hold_every_candidate_once(table):
    first = names(table)
    assert len(first) == clip_table.PAGE_ROWS
    assert table.count.value == "page 1 of 2: 24 candidates, 22 kept, 0.8 min"
    assert table.back.disabled and not table.forward.disabled

    table.forward.click()
    assert sorted(first + names(table)) == sorted(table.rows.candidate) and table.forward.disabled


def test_choices_filter(table):
    table.filters["fate"].value = "rejected"
    assert names(table) == ["quiz-one-0003", "quiz-one-0007"]
    table.filters["fate"].value = clip_table.ALL
    assert len(names(table)) == clip_table.PAGE_ROWS


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
    assert names(table) == [] and table.chosen is None


def test_a_title_sorts_and_turns_the_order(table):
    table.headers["snr_db"].click()
    assert table.sort.value == "snr_db" and not table.descending.value
    assert names(table)[:2] == ["quiz-one-0000", "interview-one-0000"]

    table.headers["snr_db"].click()
    assert table.descending.value and names(table)[:2] == ["quiz-one-0011", "interview-one-0011"]
    table.headers["snr_db"].click()
    assert names(table)[0] == "quiz-one-0000"

    table.descending.value = True
    table.headers["candidate"].click()
    assert not table.descending.value, "another column begins with the smallest"
    assert names(table) == sorted(table.rows.candidate)[: clip_table.PAGE_ROWS]


def test_the_column_sorted_by_stands_beside_the_name(table):
    assert titles(table)[:3] == ["clip", "fate", "reason"]
    assert not {"start", "detail", "snr db ▲"} & set(titles(table))

    table.headers["snr_db"].click()
    assert titles(table)[:3] == ["clip", "snr db ▲", "fate"]
    assert cells(table, "snr_db")[:4] == ["20", "20", "21", "21"]
    table.headers["snr_db"].click()
    assert titles(table)[:2] == ["clip", "snr db ▼"]

    # also one that has no place in the table otherwise
    table.sort.value = "start"
    table.descending.value = False
    assert titles(table)[:3] == ["clip", "start ▲", "fate"]
    assert cells(table, "start")[:3] == ["0.5", "0.5", "3.5"]

    table.sort_by("candidate")
    assert titles(table)[:2] == ["clip ▲", "fate"]


def test_the_lines_of_all_columns_belong_together(table):
    table.headers["snr_db"].click()
    table.forward.click()
    by_name = table.rows.set_index("candidate")
    for column in ("snr_db", "text", "source", "fate"):
        shown = cells(table, column)
        values = by_name.loc[names(table), column]
        assert shown == [f"{v:g}".replace("nan", "") if column == "snr_db" else v for v in values]


def test_the_chosen_line_is_marked_in_every_column(table):
    table.buttons[2].click()
    assert [b.description for b in table.buttons if b.button_style] == ["quiz-one-0002"]
    for column in table.columns_shown():
        lines = table.cells[column].value.split("<div")[1:]
        marked = [place for place, line in enumerate(lines) if "rgba" in line]
        assert marked == [2], column


def test_neighbours(table):
    table.mark(0)
    assert (table.neighbour(-1), table.neighbour(1)) == (None, 1)
    table.mark(len(table.rows) - 1)
    assert table.neighbour(1) is None and table.page == 1

    table.filters["fate"].value = "rejected"
    assert table.rows.candidate[table.chosen] == "quiz-one-0003"
    assert table.rows.candidate[table.neighbour(1)] == "quiz-one-0007"
