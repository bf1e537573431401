"""What is saved is what is loaded, and a damaged corpus is never taken for a good one."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from helpers.handmade import clip_table
from vago import VagoError
from vago.audio import io
from vago.corpus import corpus
from vago.corpus.held_out import split_held_out
from vago.corpus.writer import save_corpus


def ledger_of(clips: pd.DataFrame) -> pd.DataFrame:
    rows = clips[["source", "recording", "start", "end", "seconds", "text", "clip_id"]]
    return rows.assign(candidate=clips["clip_id"], fate="kept", reason="", detail="")


@pytest.fixture
def small(tmp_path) -> corpus.Corpus:
    clips = clip_table({"a": 20, "z": 20})
    for file in clips["file"]:
        io.write(tmp_path / file, np.full(100, 0.1, np.float32), io.SAMPLE_RATE)
    clips["held_out"], stretches = split_held_out(clips, 0.1, 4, 30, 1)
    return save_corpus(tmp_path, clips, ledger_of(clips), stretches, [], {"seed": 1})


def test_what_is_saved_is_what_is_loaded(small):
    loaded = corpus.Corpus.load(small.root)
    clips = loaded.clips
    pd.testing.assert_frame_equal(clips, small.clips)
    assert clips["written"][0] == "NA" and "„a”" in clips["text"][0]
    assert list(clips.index) == list(range(40)) and clips["held_out"].dtype == bool
    assert set(loaded.ledger["fate"]) == {"kept"}
    assert loaded.summary["sources"]["quiz"]["clips"] == 20 and loaded.summary["minutes"] == 4.0

    stretches = [corpus.Stretch(**stretch) for stretch in small.held_out["stretches"]]
    assert corpus.frozen_stretches(small.root) == stretches

    wav, rate = loaded.audio(clips["clip_id"][0])
    assert (len(wav), rate) == (100, 22050)
    with pytest.raises(VagoError, match="no clip 'x'"):
        loaded.audio("x")


def test_training_clips_are_those_that_are_not_held_out(small):
    held_out = small.held_out_clips
    assert len(held_out) == 4
    assert len(small.training(["quiz"])) == 20 - (held_out["source"] == "quiz").sum()

    training = small.training(["quiz", "interview"])
    assert len(training) == 36 and not set(training["clip_id"]) & set(held_out["clip_id"])
    with pytest.raises(VagoError, match="no clips of source 'show', only of quiz, interview"):
        small.training(["show"])


def test_the_digest_knows_sound_and_text_but_not_order(small):
    clips = small.clips
    assert corpus.digest(clips.iloc[::-1]) == small.digest
    for column in ("sha256", "text"):
        other = clips.copy()
        other.loc[3, column] += "x"
        assert corpus.digest(other) != small.digest


def test_no_corpus(tmp_path):
    with pytest.raises(VagoError, match=r"no corpus in .*: run 01_prepare_dataset first"):
        corpus.Corpus.load(tmp_path)


def cut_json(path):
    path.write_text(path.read_text()[:-20])


def drop_rows(path):
    path.write_text("\n".join(path.read_text().splitlines()[:-3]))


def swap_held_out(path):
    """The first training clip is held out, the first held-out clip is trained on."""
    swapped = path.read_text().replace(",False", "@", 1).replace(",True", ",False", 1)
    path.write_text(swapped.replace("@", ",True", 1))


def empty_stretch(path):
    path.write_text('{"format": 1, "stretches": [{}]}')


def delete(path):
    path.unlink()


@pytest.mark.parametrize(
    ("file", "harm", "message"),
    [
        ("corpus.json", cut_json, "the corpus in .* is damaged"),
        ("corpus.json", delete, "no corpus"),
        ("clips.csv", delete, "the corpus in .* is damaged"),
        ("clips.csv", drop_rows, "clips.csv and corpus.json .* do not belong together"),
        ("clips.csv", swap_held_out, "clips.csv and held_out.json .* do not belong together"),
        ("ledger.csv", lambda path: path.write_text("a,b\n"), "the corpus in .* is damaged"),
        ("held_out.json", cut_json, "is not a valid held-out set"),
        ("held_out.json", empty_stretch, "is not a valid held-out set"),
        ("held_out.json", delete, "do not belong together"),
        ("clips/quiz-a-0003.wav", delete, "lacks 1 of its clips"),
    ],
)
def test_a_damaged_corpus_is_refused(small, file, harm, message):
    harm(small.root / file)
    with pytest.raises(VagoError, match=message):
        corpus.Corpus.load(small.root)


def test_a_crash_while_saving_leaves_no_corpus_that_looks_complete(small):
    def crash():
        raise RuntimeError("power cut")

    clips = small.clips.assign(recording_sha256="x")
    with pytest.raises(RuntimeError):
        save_corpus(small.root, clips, small.ledger, [], [], {}, place_clips=crash)

    with pytest.raises(VagoError, match="no corpus"):
        corpus.Corpus.load(small.root)
    assert corpus.frozen_stretches(small.root), "the held-out set outlives it"


def test_saving_twice_gives_the_same_bytes(small):
    names = ["clips.csv", "ledger.csv", "timeline.csv", "held_out.json", "corpus.json"]
    before = [(small.root / name).read_bytes() for name in names]

    stretches = corpus.frozen_stretches(small.root)
    save_corpus(small.root, small.clips, small.ledger, stretches, [], {"seed": 1})

    assert [(small.root / name).read_bytes() for name in names] == before
    assert json.loads(before[-1])["held_out"]["clips"] == 4
