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
from vago.corpus.held_out import draw_parts
from vago.corpus.overview import validation_and_test
from vago.corpus.writer import save_corpus


def ledger_of(clips: pd.DataFrame) -> pd.DataFrame:
    rows = clips[["source", "recording", "start", "end", "seconds", "text", "clip_id"]]
    return rows.assign(candidate=clips["clip_id"], fate="kept", reason="", detail="")


@pytest.fixture
def small(tmp_path) -> corpus.Corpus:
    clips = clip_table({"a": 20, "z": 20})
    for file in clips["file"]:
        io.write(tmp_path / file, np.full(100, 0.1, np.float32), io.SAMPLE_RATE)
    clips["part"], stretches = draw_parts(clips, 0.1, 4, 30, 1)
    return save_corpus(tmp_path, clips, ledger_of(clips), stretches, [], {"seed": 1})


def test_what_is_saved_is_what_is_loaded(small):
    loaded = corpus.Corpus.load(small.root)
    clips = loaded.clips
    pd.testing.assert_frame_equal(clips, small.clips)
    assert clips["written"][0] == "NA" and "„a”" in clips["text"][0]
    assert list(clips.index) == list(range(40))
    assert clips["part"].value_counts().to_dict() == {"training": 32, "validation": 4, "test": 4}
    assert set(loaded.ledger["fate"]) == {"kept"}
    assert loaded.summary["sources"]["quiz"]["clips"] == 20 and loaded.summary["minutes"] == 4.0

    stretches = [corpus.Stretch(**stretch) for stretch in small.held_out["stretches"]]
    assert corpus.frozen_stretches(small.root) == stretches

    wav, rate = loaded.audio(clips["clip_id"][0])
    assert (len(wav), rate) == (100, 22050)
    with pytest.raises(VagoError, match="no clip 'x'"):
        loaded.audio("x")


def test_training_validation_and_test_clips_are_all_clips_and_share_none(small):
    sets = [small.training(["quiz", "interview"]), small.validation_clips, small.test_clips]
    assert small.has_two_sets and [len(clips) for clips in sets] == [32, 4, 4]
    assert set().union(*(clips["clip_id"] for clips in sets)) == set(small.clips["clip_id"])

    others = pd.concat(sets[1:])
    assert len(small.training(["quiz"])) == 20 - (others["source"] == "quiz").sum()
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


def swap_parts(path, one="training", other="validation"):
    """The first clip of each of two parts goes into the other."""
    swapped = path.read_text().replace(f",{one},", "@", 1).replace(f",{other},", f",{one},", 1)
    path.write_text(swapped.replace("@", f",{other},", 1))


def swap_sets(path):
    swap_parts(path, "validation", "test")


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
        ("clips.csv", swap_parts, "clips.csv and held_out.json .* do not belong together"),
        ("clips.csv", swap_sets, "clips.csv and held_out.json .* do not belong together"),
        ("ledger.csv", lambda path: path.write_text("a,b\n"), "the corpus in .* is damaged"),
        ("held_out.json", cut_json, "holds no valid validation and test sets"),
        ("held_out.json", empty_stretch, "holds no valid validation and test sets"),
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
    assert corpus.frozen_stretches(small.root), "validation and test set outlive it"


def test_saving_twice_gives_the_same_bytes(small):
    names = ["clips.csv", "ledger.csv", "timeline.csv", "held_out.json", "corpus.json"]
    before = [(small.root / name).read_bytes() for name in names]

    stretches = corpus.frozen_stretches(small.root)
    save_corpus(small.root, small.clips, small.ledger, stretches, [], {"seed": 1})

    assert [(small.root / name).read_bytes() for name in names] == before
    parts = json.loads(before[-1])["parts"]
    assert {name: part["clips"] for name, part in parts.items()} == {
        "training": 32,
        "validation": 4,
        "test": 4,
    }


def test_an_older_corpus_with_one_held_out_set_is_read_and_says_so(small):
    """As vago wrote it before there was a test set: clips.csv with True and False, format 1."""
    old = small.clips.assign(part=small.clips["part"] == "validation")
    held_out = old[old["part"]]
    table = old.rename(columns={"part": "held_out"})
    table.to_csv(small.root / "clips.csv", index=False, encoding="utf-8")

    stretches = [s for s in small.held_out["stretches"] if s["part"] == "validation"]
    content = {
        "format": 1,
        "stretches": [{k: v for k, v in s.items() if k != "part"} for s in stretches],
        "clips": held_out[["clip_id", "sha256"]].to_dict("records"),
        "sha256": corpus.digest_of_lines(held_out["sha256"]),
    }
    (small.root / "held_out.json").write_text(json.dumps(content))

    loaded = corpus.Corpus.load(small.root)
    assert not loaded.has_two_sets and loaded.digest == small.digest
    ids = list(held_out["clip_id"])
    assert list(loaded.validation_clips["clip_id"]) == list(loaded.test_clips["clip_id"]) == ids
    assert len(loaded.training(["quiz", "interview"])) == 36
    assert "one set, which chooses the best weights and is reported" in validation_and_test(loaded)

    # prepared again, it keeps that one set
    clips = loaded.clips.drop(columns="part")
    clips["recording_sha256"] = "hash of " + clips["recording"].str.removesuffix(".wav")
    clips["part"], kept = draw_parts(clips, 0.1, 4, 30, 1, corpus.frozen_stretches(small.root))
    again = save_corpus(small.root, clips, ledger_of(clips), kept, [], {"seed": 1})
    assert not again.has_two_sets and again.held_out["sha256"] == content["sha256"]
    assert list(corpus.Corpus.load(small.root).test_clips["clip_id"]) == ids


def test_sets_that_are_smaller_than_wished_for_are_said_to_be(small):
    assert "held_out_min_clips" not in validation_and_test(small)
    small.summary["parameters"]["held_out_min_clips"] = 12
    said = validation_and_test(small)
    assert "test set (scored by 05 alone): 4 clips" in said
    assert (
        "Each should have 12 clips (held_out_min_clips)" in said and "half of the 40 clips" in said
    )


def test_an_unknown_part_is_refused(small):
    path = small.root / "clips.csv"
    path.write_text(path.read_text().replace(",training,", ",trainnig,", 1))
    with pytest.raises(VagoError, match="the corpus in .* is damaged.*trainnig"):
        corpus.Corpus.load(small.root)
