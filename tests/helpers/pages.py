"""What holds of every page, looked at in a browser."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlparse

PHONE = {"width": 390, "height": 800}


def check_page(browser, file: Path) -> None:
    """It fits a telephone; images and players are described; all links lead somewhere."""
    page = browser.new_page(viewport=PHONE)
    page.goto(file.as_uri())

    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"], f"{file.name} is {width} pixels wide"

    alts = page.locator("img").evaluate_all("all => all.map(one => one.alt)")
    assert all(alts), file.name
    labels = page.locator("audio").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert all(labels), file.name

    links = page.locator("a[href]").evaluate_all("all => all.map(one => one.href)")
    places = set(page.locator("[id]").evaluate_all("all => all.map(one => one.id)"))
    for link in map(urlparse, links):
        assert link.scheme == "file" and Path(unquote(link.path)).is_file(), link
        if Path(unquote(link.path)) == file:
            assert {link.fragment, unquote(link.fragment)} & places, link
    page.close()


def check_players(browser, file: Path) -> None:
    """A player that starts stops the one that plays."""
    page = browser.new_page()
    page.goto(file.as_uri())
    players = "document.querySelectorAll('audio')"

    page.evaluate(f"{players}[0].play()")
    page.evaluate(f"{players}[1].play()")
    page.wait_for_function(f"{players}[0].paused")
    assert not page.evaluate(f"{players}[1].paused")
    page.close()
