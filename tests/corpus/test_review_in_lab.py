"""The clip browser in the real JupyterLab, operated through a browser, and notebook 01 again."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.jupyterlab import LabPage, browser_page, needs_browser, running_lab, until
from helpers.workbooks import make_small_project
from vago.corpus.corrections import read_corrections

pytestmark = [pytest.mark.slow, needs_browser]


class Review:
    """The table and the clip below it, in the notebook in front."""

    def __init__(self, shown):
        self.shown = shown
        self.names = shown.locator(".jupyter-button:visible", has_text="-one-")
        self.text = shown.locator(".widget-textarea textarea")
        self.reason = shown.locator(".widget-text input[placeholder^='why']")

    def button(self, name: str):
        return self.shown.locator(".jupyter-button", has_text=name)

    def page(self) -> list[str]:
        """The candidates of the page, from above."""
        return [name.strip() for name in self.names.all_inner_texts()]

    def wait_open(self, name: str) -> None:
        title = self.shown.locator(".widget-html h4")
        until(lambda: title.inner_text() == name, f"{name} is open", 20.0)

    def wait_said(self, words: str) -> None:
        said = self.shown.locator(".widget-html-content > b", has_text=words)
        until(said.count, f"it says {words!r}", 20.0)


def sort_by_seconds(review: Review) -> None:
    """The shortest first, then the longest; the values stand beside the names."""
    review.button("seconds").scroll_into_view_if_needed()
    review.button("seconds").click()
    review.button("seconds ▲").wait_for()
    shortest = review.page()

    review.button("seconds ▲").click()
    review.button("seconds ▼").wait_for()
    until(lambda: review.page() != shortest, "the order has turned", 20.0)

    name, header = review.names.first.bounding_box(), review.button("seconds ▼").bounding_box()
    assert 0 <= header["x"] - (name["x"] + name["width"]) < 20


def test_titles_sort_edits_stay_and_reasons_reach_the_ledger(
    tmp_path, recordings_folder, tiny_base
):
    paths = make_small_project(tmp_path / "project", recordings_folder, tiny_base, {})
    report = paths.report / "corpus.html"

    with running_lab(paths.root, "small", tmp_path / "home") as lab, browser_page() as page:
        shown = LabPage(page, lab.address)
        shown.run_all()
        until(report.exists, "the report is written")
        shown.wait_idle()
        review = Review(shown.shown)
        sort_by_seconds(review)

        # a text is typed and left by Next, without a click on Save
        edited, rejected = review.page()[:2]
        review.names.first.click()
        review.wait_open(edited)
        review.text.fill("Új szöveg.")
        review.button("Next").click()
        review.wait_open(rejected)
        review.wait_said(f"{edited}: written to corrections.csv: text")

        # the next one is rejected for a reason
        review.reason.fill("köhög a végén")
        review.button("Reject").click()
        review.wait_said("written to corrections.csv: reject")
        review.button("Previous").click()
        review.wait_open(edited)
        assert review.text.input_value() == "Új szöveg."

        decided = {c.action: (c.text, c.reason) for c in read_corrections(paths.corrections)}
        assert decided == {"text": ("Új szöveg.", ""), "reject": ("", "köhög a végén")}

        # and 01 again
        shown.restart()
        shown.run_all()
        until(lambda: "köhög a végén" in report.read_text("utf-8"), "the report has the reason")
        shown.wait_idle()
        assert lab.ctrl_c() == 0

    ledger = pd.read_csv(paths.corpus / "ledger.csv", keep_default_na=False).set_index("candidate")
    by_hand = ("rejected by hand", "köhög a végén")
    assert tuple(ledger.loc[rejected, ["reason", "detail"]]) == by_hand
    assert tuple(ledger.loc[edited, ["fate", "text"]]) == ("kept", "Új szöveg.")
