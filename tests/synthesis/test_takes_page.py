"""samples/index.html: every take with its players, and what differs between takes."""

from __future__ import annotations

import re
import shutil

import pytest

from helpers.jupyterlab import browser_page, needs_browser
from helpers.pages import check_page, check_players
from helpers.takes import write_take
from vago.paths import Paths
from vago.synthesis.durations import TOO_LONG
from vago.synthesis.params import SampleParams
from vago.synthesis.takes import read_takes
from vago.synthesis.takes_page import facts_of, takes_table, write_takes_page

P = SampleParams(phase="base", temperature=0.4)


@pytest.fixture
def paths(tmp_path) -> Paths:
    return Paths.of(P, tmp_path)


@pytest.fixture
def written(paths):
    """The takes of two scripts, the oldest first."""
    warm = P.model_copy(update={"temperature": 0.7, "top_k": 30})
    return [
        write_take(paths, P, made="2026-01-01T10:00:00.000+00:00"),
        write_take(paths, warm, made="2026-01-02T10:00:00.000+00:00", verdicts=("ok", TOO_LONG)),
        write_take(
            paths,
            P.model_copy(update={"script": "extra", "reference": "me.wav"}),
            made="2026-01-03T10:00:00.000+00:00",
            texts=("Egy <b>szó</b>.",),
            prompt={"me.wav": "ef"},
        ),
    ]


def text_of(paths: Paths) -> str:
    return write_takes_page(paths).read_text(encoding="utf-8")


def test_takes_stand_newest_first_with_a_player_for_every_line(paths, written):
    page = text_of(paths)
    places = [page.index(f"<h2>{take.script}: {take.folder.name}") for take in written]
    assert places == sorted(places, reverse=True)

    sources = re.findall(r'<audio [^>]*src="([^"]+)"', page)
    assert len(sources) == 5
    for source in sources:
        assert not source.startswith("/") and (paths.all_samples / source).is_file()
    assert "2 lines, 2 s, duration outliers: 1" in page
    assert "Ön nyert! – too long for this voice" in page
    assert '<td style="text-align:left">Egy &lt;b&gt;szó' in write_takes_page(paths).read_text()


def test_the_table_shows_what_differs_and_folds_what_does_not(paths, written):
    table, _, same = takes_table(read_takes(paths)).partition("<details>")
    head = re.findall(r"<th [^>]*>([^<]*)</th>", table.partition("</thead>")[0])
    basics = ["take", "script", "made (UTC)", "phase", "temperature", "seed"]
    assert head == [*basics, "reference audio", "top_k"]
    assert "quiz-0001, quiz-0002" in table and "me.wav" in table and "2026-01-03 10:00" in table
    for name in ("top_p", "weights", "01234567", "loudness_lufs", "0.050–0.100"):
        assert name in same
    assert "settings that are the same in all takes" in same


def test_versions_of_a_script_are_counted_from_the_oldest(paths):
    for number, last in enumerate(("Viszlát!", "Ön nyert!", "Viszlát!")):
        p = P.model_copy(update={"seed": number})
        made = f"2026-01-0{number + 1}T10:00:00.000+00:00"
        write_take(paths, p, made=made, texts=("Jó estét!", last))
    versions = [row["version of the script"] for row in facts_of(read_takes(paths))]
    assert versions == [1, 2, 1]


def test_a_deleted_take_vanishes_and_damaged_ones_do_no_harm(paths, written):
    first, second, third = written
    write_takes_page(paths)
    shutil.rmtree(third.folder)
    (first.folder / "01_line.wav").unlink()
    (second.folder / "samples.csv").write_text("not, a\ntable")

    page = text_of(paths)
    assert third.folder.name not in page
    assert "01_line.wav is gone" in page and page.count("<audio") == 1
    assert "samples.csv of this take cannot be read" in page

    shutil.rmtree(first.folder.parent)
    assert "none" in text_of(paths)


def test_files_from_before_takes_were_kept_are_named(paths, written):
    assert "before takes were kept" not in text_of(paths)
    (paths.all_samples / "quiz_show" / "01_opening.wav").touch()
    page = text_of(paths)
    assert "WAV files from before takes were kept, in outputs/demo/samples/quiz_show." in page
    assert "01_opening.wav" not in page


@needs_browser
def test_the_page_in_a_browser(paths, written):
    """On a telephone nothing overflows; links lead to files; one player stops the other."""
    file = write_takes_page(paths)
    with browser_page() as page:
        browser = page.context.browser
        check_page(browser, file)
        check_players(browser, file)

        page.goto(file.as_uri())
        length = "document.querySelectorAll('audio')[4].duration"
        page.evaluate("document.querySelectorAll('audio')[4].load()")
        page.evaluate("document.querySelectorAll('audio')[4].preload = 'auto'")
        page.wait_for_function(f"{length} > 0.9")

        dark = browser.new_page(color_scheme="dark")
        dark.goto(file.as_uri())
        colour = "getComputedStyle(document.querySelector('td')).color"
        assert dark.evaluate(colour) == "rgb(255, 255, 255)"
