"""Pages of executed notebooks: contents, links, players, and their width on a telephone."""

from __future__ import annotations

from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from helpers.pages import check_page, check_players
from vago.display import html
from vago.display.figures import described
from vago.workbook.page import with_contents, with_links, write_page


def test_contents_lead_to_the_sections():
    page = (
        '<h1>Title</h1><h2 id="A-b">A <em>b</em><a class="anchor-link" href="#A-b">¶</a></h2>'
        '<h2 id="C">C<a class="anchor-link" href="#C">¶</a></h2>'
    )
    contents = with_contents(page).split("</nav>")[0]
    assert '<a href="#A-b">A b</a>' in contents and '<a href="#C">C</a>' in contents
    assert with_contents("<h1>Title</h1>") == "<h1>Title</h1>"


def test_links_lead_to_pages_and_else_to_notebooks(tmp_path):
    here, folder = tmp_path / "outputs/demo/notebooks", tmp_path / "notebooks"
    links = '<a href="05_evaluate.ipynb#Listening"> <a href="90_pretrain_base.ipynb">'
    assert with_links(links, here, folder) == (
        '<a href="05_evaluate.html#Listening"> <a href="../../../notebooks/90_pretrain_base.ipynb">'
    )


@pytest.fixture
def page_file(tmp_path) -> Path:
    """A page with prose, a wide table, two players and a figure."""
    tone = np.sin(np.arange(48_000) / 20).astype(np.float32)
    shown = [
        html.table_html(pd.DataFrame([{f"column {k}": "a value" for k in range(20)}]), "Wide"),
        html.table_html(pd.DataFrame({"n": range(100), "text": "a long text " * 20}), "Long"),
        html.players_html([("one", tone, 24_000), ("another", tone, 24_000)], "Two"),
        html.image_tag(described(Figure(), "an empty figure")),
    ]
    text = "# A page\n\nThe long name `outputs/<profile>/a_folder/with_a_file/of_a_long_name.json`."
    cells = [nbformat.v4.new_markdown_cell(text)]
    for number, content in enumerate(shown):
        cells.append(nbformat.v4.new_markdown_cell(f"## Section {number}"))
        output = nbformat.v4.new_output("display_data", {"text/html": content})
        cells.append(nbformat.v4.new_code_cell("hidden()", outputs=[output]))

    executed = tmp_path / "01_prepare_dataset.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), executed)
    return write_page(executed, tmp_path, "A page")


def test_a_page_in_a_browser(page_file, browser):
    check_page(browser, page_file)
    check_players(browser, page_file)
    assert "hidden()" not in page_file.read_text(encoding="utf-8")

    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(page_file.as_uri())
    page.get_by_role("navigation").get_by_text("Section 2").click()
    page.wait_for_function("document.getElementById('Section-2').getBoundingClientRect().top < 800")


def test_a_long_table_shows_twenty_rows_at_once(page_file, browser):
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(page_file.as_uri())
    shown = page.get_by_role("region", name="Long").evaluate(
        "box => box.clientHeight / box.querySelector('tbody tr').clientHeight"
    )
    assert 19 <= shown <= 25


def test_a_dark_scheme_is_dark(page_file, browser):
    page = browser.new_page(color_scheme="dark")
    page.goto(page_file.as_uri())
    colour = "getComputedStyle(document.querySelector('{}')).{}"
    assert page.evaluate(colour.format("body", "backgroundColor")) == "rgb(22, 22, 22)"
    assert page.evaluate(colour.format("td", "color")) == "rgb(228, 228, 228)"
    assert page.evaluate(colour.format("img", "backgroundColor")) == "rgb(255, 255, 255)"
