from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from vago import VagoError
from vago.audio import io
from vago.corpus import corpus


def table(
    recordings: dict[str, int], seconds: float = 6.0, categories=("long", "short", "question")
) -> pd.DataFrame:
    rows = []
    for name, count in recordings.items():
        for k in range(count):
            rows.append(
                {
                    "clip_id": f"quiz-{name}-{k + 1:04d}",
                    "file": f"clips/quiz-{name}-{k + 1:04d}.wav",
                    "source": "quiz" if name < "m" else "interview",
                    "category": categories[k % len(categories)],
                    "recording": f"{name}.wav",
                    "recording_sha256": f"hash of {name}",
                    "start": k * (seconds + 1),
                    "end": k * (seconds + 1) + seconds,
                    "seconds": seconds,
                    "text": f"szöveg, „{name}” {k}",
                    "written": "NA",
                    "tokens": 5,
                    "sha256": f"{name}{k}",
                    "speaker": "ő",
                }
            )
    return pd.DataFrame(rows)


def ledger(clips: pd.DataFrame) -> pd.DataFrame:
    rows = clips[["source", "recording", "start", "end", "seconds", "text", "clip_id"]]
    return rows.assign(candidate=clips["clip_id"], fate="kept", reason="", detail="")


def saved(root, clips: pd.DataFrame, stretches) -> corpus.Corpus:
    for file in clips["file"]:
        io.write(root / file, np.full(100, 0.1, np.float32), io.SAMPLE_RATE)
    return corpus.save(root, clips, ledger(clips), stretches, [], {"seed": 1})


@pytest.fixture
def small(tmp_path) -> corpus.Corpus:
    clips = table({"a": 20, "z": 20})
    clips["held_out"], stretches = corpus.split_held_out(clips, 0.1, 4, 30, 1)
    return saved(tmp_path, clips, stretches)


@pytest.mark.parametrize("seed", range(5))
def test_the_held_out_set_is_stratified_and_near_its_size(seed):
    clips = table({"a": 40, "b": 40, "z": 120})
    mask, stretches = corpus.split_held_out(clips, 0.1, 12, 30, seed)
    assert mask.sum() == 20
    share = (
        clips[mask].groupby(["source", "category"]).size()
        / clips.groupby(["source", "category"]).size()
    )
    assert share.between(0.03, 0.2).all() and len(share) == 6
    assert all(stretch.end - stretch.start <= 5 * 7 for stretch in stretches)
    assert len(stretches) < mask.sum()  # neighbours, not clips picked one by one
    again, same = corpus.split_held_out(clips, 0.1, 12, 30, seed)
    assert same == stretches and (again == mask).all()


def test_another_seed_draws_another_set():
    clips = table({"a": 40, "z": 120})
    drawn = {tuple(corpus.split_held_out(clips, 0.1, 12, 30, seed)[0]) for seed in range(4)}
    assert len(drawn) == 4


def test_a_block_of_one_category_does_not_starve_the_others():
    clips = table({"a": 80}, categories=("x",))
    clips["category"] = [f"c{k // 10}" for k in range(80)]
    mask, _ = corpus.split_held_out(clips, 0.05, 12, 30, 1)
    assert (
        clips[mask]
        .groupby("category")
        .size()
        .reindex([f"c{k}" for k in range(8)], fill_value=0)
        .min()
        >= 1
    )


def test_single_clip_recordings_can_be_split():
    clips = table({f"a{k}": 1 for k in range(30)}, categories=("long",))
    assert corpus.split_held_out(clips, 0.05, 6, 30, 1)[0].sum() == 6


def test_too_few_clips():
    with pytest.raises(VagoError, match="10 clips are too few to hold 12 of them out"):
        corpus.split_held_out(table({"a": 10}), 0.05, 12, 30, 1)


def test_a_frozen_set_follows_the_sound_not_the_names():
    clips = table({"a": 30, "b": 30})
    mask, stretches = corpus.split_held_out(clips, 0.1, 6, 30, 1)
    more = table({"a": 30, "b": 30, "aa": 50})
    more["recording"] = "renamed_" + more["recording"]
    after, kept = corpus.split_held_out(more, 0.1, 6, 30, 2, stretches)
    assert kept == stretches
    assert set(more.loc[after, "clip_id"]) == set(clips.loc[mask, "clip_id"])

    with pytest.raises(VagoError, match=r"covers no clip.*delete it"):
        corpus.split_held_out(table({"other": 30}), 0.1, 6, 30, 1, stretches)


def test_a_frozen_clip_stays_when_its_edges_move_a_little():
    clips = table({"a": 30})
    mask, stretches = corpus.split_held_out(clips, 0.1, 6, 30, 1)
    clips["start"], clips["end"] = clips["start"] - 0.2, clips["end"] + 0.3
    assert (corpus.split_held_out(clips, 0.1, 6, 30, 1, stretches)[0] == mask).all()


def test_what_is_saved_is_what_is_loaded(small):
    loaded = corpus.Corpus.load(small.root)
    pd.testing.assert_frame_equal(loaded.clips, small.clips)
    assert loaded.clips["written"][0] == "NA" and "„a”" in loaded.clips["text"][0]
    assert list(loaded.clips.index) == list(range(40)) and loaded.clips["held_out"].dtype == bool
    assert len(loaded.held_out_clips) == 4 and set(loaded.ledger["fate"]) == {"kept"}
    assert len(loaded.training(["quiz"])) == 20 - (loaded.held_out_clips["source"] == "quiz").sum()
    assert not set(loaded.training(["quiz", "interview"])["clip_id"]) & set(
        loaded.held_out_clips["clip_id"]
    )
    wav, rate = loaded.audio(loaded.clips["clip_id"][0])
    assert (len(wav), rate) == (100, 22050)
    assert loaded.summary["sources"]["quiz"]["clips"] == 20 and loaded.summary["minutes"] == 4.0
    assert corpus.frozen_stretches(small.root) == [
        corpus.Stretch(**s) for s in small.held_out["stretches"]
    ]
    with pytest.raises(VagoError, match="no clips of source 'show'"):
        loaded.training(["show"])
    with pytest.raises(VagoError, match="no clip 'x'"):
        loaded.audio("x")


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


def swap_held_out(path):
    path.write_text(
        path.read_text()
        .replace(",False", "@", 1)
        .replace(",True", ",False", 1)
        .replace("@", ",True", 1)
    )


@pytest.mark.parametrize(
    ("file", "harm", "said"),
    [
        ("corpus.json", cut_json, "torn"),
        ("corpus.json", lambda path: path.unlink(), "no corpus"),
        ("clips.csv", lambda path: path.unlink(), "torn"),
        (
            "clips.csv",
            lambda path: path.write_text("\n".join(path.read_text().splitlines()[:-3])),
            "do not belong together",
        ),
        ("clips.csv", swap_held_out, "held_out.json .* do not belong together"),
        ("ledger.csv", lambda path: path.write_text("a,b\n"), "torn"),
        ("held_out.json", cut_json, "cannot be read as a held-out set"),
        (
            "held_out.json",
            lambda path: path.write_text('{"format": 1, "stretches": [{}]}'),
            "cannot be read as a held-out set",
        ),
        ("held_out.json", lambda path: path.unlink(), "do not belong together"),
        ("clips/quiz-a-0003.wav", lambda path: path.unlink(), "lacks 1 of its clips"),
    ],
)
def test_a_torn_corpus_is_not_taken_for_a_whole_one(small, file, harm, said):
    harm(small.root / file)
    with pytest.raises(VagoError, match=said):
        corpus.Corpus.load(small.root)


def test_a_crash_while_saving_leaves_no_corpus_that_looks_complete(small, monkeypatch):
    def crash():
        raise RuntimeError("power cut")

    clips = small.clips.assign(recording_sha256="x")
    with pytest.raises(RuntimeError):
        corpus.save(small.root, clips, small.ledger, [], [], {}, place_clips=crash)
    with pytest.raises(VagoError, match="no corpus"):
        corpus.Corpus.load(small.root)
    assert corpus.frozen_stretches(small.root)  # the held-out set outlives it


def test_saving_twice_gives_the_same_bytes(small):
    names = ["clips.csv", "ledger.csv", "held_out.json", "corpus.json"]
    before = [(small.root / name).read_bytes() for name in names]
    stretches = corpus.frozen_stretches(small.root)
    corpus.save(small.root, small.clips, small.ledger, stretches, [], {"seed": 1})
    assert [(small.root / name).read_bytes() for name in names] == before
    assert json.loads(before[3])["held_out"]["clips"] == 4
