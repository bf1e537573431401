"""The report: its numbers add up, its figures carry them, its page needs no other file."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.handmade import corpus
from vago.corpus.corrections import Correction, put
from vago.corpus.params import CorpusParams
from vago.corpus.review import ledger, plots, report
from vago.display import html
from vago.paths import Paths


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("corpus"), each=16)[0]


def test_minutes_and_fates_add_up(made):
    minutes = report.minutes(made)
    of_sources = minutes[minutes.category == "all"]
    assert minutes.loc["all", "clips"] == len(made.clips) == of_sources.clips.sum()

    fates = report.fate_minutes(made.timeline)
    assert list(fates.index) == ["kept", "rejected: silent", "rejected: too short", "pause", "all"]
    assert fates.loc["all", "all"] == pytest.approx(96 / 60, abs=0.01)
    assert fates.loc["kept", "quiz"] == pytest.approx(28 / 60, abs=0.01)
    assert fates.loc["rejected: silent", "interview"] == 0


def test_every_second_is_in_the_timeline_once(made):
    bars = report.timeline_bars(made.timeline)
    assert (bars.end - bars.start).sum() == pytest.approx(96)
    assert list(bars.bar.unique()) == ["quiz/one.wav", "interview/one.wav"]
    labels = bars.label[bars.bar == "quiz/one.wav"]
    assert (labels != labels.shift()).all(), "equal neighbours are joined"

    axis = plots.timeline(bars).axes[0]
    paths = [path for pieces in axis.collections for path in pieces.get_paths()]
    drawn = sum(path.get_extents().width for path in paths)
    assert drawn == pytest.approx(96 / 60) and axis.get_xlabel() == "minutes"


def test_each_fate_has_a_look_that_needs_no_colour(made):
    bars = report.timeline_bars(made.timeline)
    (legend,) = plots.timeline(bars).legends
    names = [text.get_text().split(",")[0] for text in legend.get_texts()]
    looks = dict(zip(names, legend.get_patches()))
    assert set(looks) == set(bars.label)

    hatches = [patch.get_hatch() for label, patch in looks.items() if label.startswith("rejected")]
    assert None not in hatches and len(set(hatches)) == 2 and not looks["kept"].get_hatch()


def test_many_short_recordings_are_one_bar():
    rows = [("quiz", f"{n:03d}.wav", 0.0, 4.0, "kept", "") for n in range(100)]
    rows.append(("show", "long.wav", 0.0, 60.0, "pause", ""))
    timeline = pd.DataFrame(rows, columns="source recording start end fate reason".split())
    bars = report.timeline_bars(timeline.assign(seconds=timeline.end - timeline.start))
    assert bars.to_dict("records") == [
        {"bar": "quiz: 100 recordings", "start": 0.0, "end": 400.0, "label": "kept"},
        {"bar": "show/long.wav", "start": 0.0, "end": 60.0, "label": "pause"},
    ]


def test_histograms_hold_every_clip_that_was_measured(made):
    kept = ledger.select(ledger.candidate_table(made), {"fate": "kept"})
    labels = report.measured(kept.assign(tremble=range(len(kept))))
    assert list(labels) == ["seconds", "snr_db", "rate", "tremble"]
    assert labels["snr_db"] == "signal-to-noise ratio (dB)"

    del labels["tremble"]
    figure = plots.histograms(kept, labels)
    for axis in figure.axes[:3]:
        tops = {}  # stacked: the top of each bin is the number of clips of all sources
        for bar in axis.patches:
            top = bar.get_y() + bar.get_height()
            tops[bar.get_x()] = max(tops.get(bar.get_x(), 0), top)
        assert sum(tops.values()) == len(kept), axis.get_xlabel()


def test_the_best_and_the_worst(made):
    table = ledger.candidate_table(made)
    table["heard_cer"] = table.snr_db.max() - table.snr_db  # better where the other is
    best, worst = report.best_and_worst(table.assign(rate=12.0))
    assert len(best) == len(worst) == 10 and not set(best.candidate) & set(worst.candidate)
    assert best.snr_db.min() > worst.snr_db.max() and set(best.fate) == {"kept"}

    odd = table.assign(snr_db=30.0, heard_cer=0.1, rate=12.0)
    odd.loc[5, "rate"], odd.loc[9, "rate"] = 30.0, 4.0
    worst = report.best_and_worst(odd, 2)[1]
    assert set(worst.candidate) == {table.candidate[5], table.candidate[9]}, "too fast, too slow"
    assert [len(end) for end in report.best_and_worst(table.head(3))] == [1, 1]


def test_readings_count_every_change_and_show_each_kind_first(made):
    content = report.readings(made.clips, most=5)
    assert f"{len(made.clips)} of {len(made.clips)} texts are read differently" in content
    assert content.count("<del") == 5 == content.count("<ins") and "5 of them" in content

    struck_out = r"<del style=[^>]*line-through[^>]*>0 Ft!</del>"
    underlined = r"<ins style=[^>]*underline[^>]*>nulla forint!</ins>"
    assert re.search(f"{struck_out} {underlined}", content)

    same = made.clips.assign(written="Ez egy mondat.")
    assert report.readings(same).startswith(f"<p><b>0 of {len(same)} texts")


@given(st.lists(st.tuples(st.text(), st.text())))
def test_marked_text_is_never_markup(parts):
    content = html.marked_changes(parts)
    assert not re.sub(r"</?(del|ins)\b[^<>]*>", "", content).count("<")


def test_the_page_needs_no_other_file(made, tmp_path):
    paths = Paths.of(CorpusParams(profile="mine"), tmp_path)
    put(paths.corrections, Correction("quiz", "lost.wav", 1, 2, "reject"))
    assert paths.corrections == tmp_path / "params" / "mine" / "corrections.csv"

    content = report.write_report(made, paths).read_text(encoding="utf-8")
    assert content.count("data:audio/mpeg") == 20 and content.count("data:image/png") == 3
    assert not re.search(r'(src|href)="(?!data:|#)', content)
    assert "lost.wav" in content and "matches no clip any more" in content
    assert "too short" in content and "-61.0 dBFS" in content
