"""The corpus in one page: its numbers add up, its figures carry them, its page needs no other file."""

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.handmade import corpus
from vago.corpus import corrections
from vago.corpus.params import CorpusParams
from vago.corpus.review import ledger, plots, report
from vago.display import html
from vago.paths import Paths


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("corpus"), each=16)[0]


def test_minutes_and_fates_add_up(made):
    minutes = report.minutes(made)
    assert (
        minutes.loc["all", "clips"]
        == len(made.clips)
        == minutes[minutes.category == "all"].clips.sum()
    )
    fates = report.fates(made.timeline)
    assert list(fates.index) == ["kept", "rejected: silent", "rejected: too short", "pause", "all"]
    assert fates.loc["all", "all"] == pytest.approx(96 / 60, abs=0.01)
    assert (
        fates.loc["kept", "quiz"] == pytest.approx(28 / 60, abs=0.01)
        and fates.loc["rejected: silent", "interview"] == 0
    )


def test_every_second_stands_in_the_timeline_once(made):
    bars = report.bars(made.timeline)
    assert (bars.end - bars.start).sum() == pytest.approx(96)
    assert list(bars.bar.unique()) == ["quiz/one.wav", "interview/one.wav"]
    neighbours = bars[bars.bar == "quiz/one.wav"]
    assert (neighbours.label != neighbours.label.shift()).all(), "neighbours alike are one stretch"
    axis = plots.timeline(bars).axes[0]
    drawn = sum(
        path.get_extents().width for pieces in axis.collections for path in pieces.get_paths()
    )
    assert drawn == pytest.approx(96 / 60) and axis.get_xlabel() == "minutes"


def test_each_fate_has_a_look_that_needs_no_colour(made):
    bars = report.bars(made.timeline)
    figure = plots.timeline(bars)
    (legend,) = figure.legends
    looks = {
        text.get_text().split(",")[0]: patch
        for text, patch in zip(legend.get_texts(), legend.get_patches())
    }
    assert set(looks) == set(bars.label)
    hatches = [patch.get_hatch() for label, patch in looks.items() if label.startswith("rejected")]
    assert None not in hatches and len(set(hatches)) == 2 and not looks["kept"].get_hatch()


def test_many_short_recordings_are_one_bar():
    rows = [("quiz", f"{n:03d}.wav", 0.0, 4.0, "kept", "") for n in range(100)] + [
        ("show", "long.wav", 0.0, 60.0, "pause", "")
    ]
    timeline = pd.DataFrame(rows, columns="source recording start end fate reason".split())
    bars = report.bars(timeline.assign(seconds=timeline.end - timeline.start))
    assert bars.to_dict("records") == [
        dict(bar="quiz: 100 recordings", start=0.0, end=400.0, label="kept"),
        dict(bar="show/long.wav", start=0.0, end=60.0, label="pause"),
    ]


def test_histograms_hold_every_clip_of_what_was_measured(made):
    kept = ledger.found(ledger.rows(made), {"fate": "kept"})
    axes_of = report.measured(kept.assign(tremble=range(len(kept))))
    assert (
        list(axes_of) == ["seconds", "snr_db", "rate", "tremble"]
        and axes_of["snr_db"] == "signal-to-noise ratio (dB)"
    )
    figure = plots.measures(
        kept, {name: label for name, label in axes_of.items() if name != "tremble"}
    )
    for axis in figure.axes[:3]:
        tops = {}
        for bar in axis.patches:  # stacked: the top of each bin is all sources' count
            tops[bar.get_x()] = max(tops.get(bar.get_x(), 0), bar.get_y() + bar.get_height())
        assert sum(tops.values()) == len(kept), axis.get_xlabel()


def test_the_ends_of_the_scale(made):
    table = ledger.rows(made)
    table["heard_cer"] = table.snr_db.max() - table.snr_db  # better where the other is
    best, worst = report.ends(table.assign(rate=12.0))
    assert len(best) == len(worst) == 10 and not set(best.candidate) & set(worst.candidate)
    assert best.snr_db.min() > worst.snr_db.max() and set(best.fate) == {"kept"}
    odd = table.assign(snr_db=30.0, heard_cer=0.1, rate=12.0)
    odd.loc[5, "rate"], odd.loc[9, "rate"] = 30.0, 4.0
    assert set(report.ends(odd, 2)[1].candidate) == {table.candidate[5], table.candidate[9]}, (
        "too fast and too slow are odd"
    )
    assert [len(end) for end in report.ends(table.head(3))] == [1, 1]


def test_readings_count_every_change_and_show_each_kind_first(made):
    content = report.readings(made.clips, most=5)
    assert f"{len(made.clips)} of {len(made.clips)} texts are read otherwise" in content
    assert content.count("<del") == 5 == content.count("<ins") and "5 of them" in content
    assert re.search(
        r"<del style=[^>]*line-through[^>]*>0 Ft!</del> <ins style=[^>]*underline[^>]*>nulla forint!</ins>",
        content,
    )
    same = made.clips.assign(written="Ez egy mondat.")
    assert report.readings(same).startswith(f"<p><b>0 of {len(same)} texts")


@given(st.lists(st.tuples(st.text(), st.text())))
def test_marked_text_is_never_markup(parts):
    content = html.marked(parts)
    assert not re.sub(r"</?(del|ins)\b[^<>]*>", "", content).count("<")


def test_the_page_needs_no_other_file(made, tmp_path):
    paths = Paths.of(CorpusParams(profile="mine"), tmp_path)
    corrections.put(paths.corrections, corrections.Correction("quiz", "lost.wav", 1, 2, "reject"))
    content = report.write(made, paths).read_text(encoding="utf-8")
    assert paths.corrections == tmp_path / "params" / "mine" / "corrections.csv"
    assert content.count("data:audio/mpeg") == 20 and content.count("data:image/png") == 3
    assert not re.search(r'(src|href)="(?!data:)', content)
    assert "lost.wav" in content and "matches no clip any more" in content
    assert "too short" in content and "-61.0 dBFS" in content
