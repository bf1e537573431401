"""The held-out set is stratified, made of stretches, and stays once it is drawn."""

from __future__ import annotations

import pytest

from helpers.handmade import clip_table
from vago import VagoError
from vago.corpus.held_out import split_held_out


@pytest.mark.parametrize("seed", range(5))
def test_the_held_out_set_is_stratified_and_near_its_size(seed):
    clips = clip_table({"a": 40, "b": 40, "z": 120})
    mask, stretches = split_held_out(clips, 0.1, 12, 30, seed)
    assert mask.sum() == 20

    strata = ["source", "category"]
    share = clips[mask].groupby(strata).size() / clips.groupby(strata).size()
    assert share.between(0.03, 0.2).all() and len(share) == 6

    assert all(stretch.end - stretch.start <= 5 * 7 for stretch in stretches)
    assert len(stretches) < mask.sum(), "neighbours, not clips picked one by one"

    again, same = split_held_out(clips, 0.1, 12, 30, seed)
    assert same == stretches and (again == mask).all()


def test_another_seed_draws_another_set():
    clips = clip_table({"a": 40, "z": 120})
    drawn = {tuple(split_held_out(clips, 0.1, 12, 30, seed)[0]) for seed in range(4)}
    assert len(drawn) == 4


def test_a_block_of_one_category_does_not_starve_the_others():
    clips = clip_table({"a": 80}, categories=("x",))
    clips["category"] = [f"c{k // 10}" for k in range(80)]
    mask, _ = split_held_out(clips, 0.05, 12, 30, 1)

    assert set(clips[mask]["category"]) == {f"c{k}" for k in range(8)}


def test_single_clip_recordings_can_be_split():
    clips = clip_table({f"a{k}": 1 for k in range(30)}, categories=("long",))
    assert split_held_out(clips, 0.05, 6, 30, 1)[0].sum() == 6


def test_too_few_clips():
    with pytest.raises(VagoError, match="10 clips are too few to hold 12 of them out"):
        split_held_out(clip_table({"a": 10}), 0.05, 12, 30, 1)


def test_a_frozen_set_follows_the_sound_not_the_names():
    clips = clip_table({"a": 30, "b": 30})
    mask, stretches = split_held_out(clips, 0.1, 6, 30, 1)

    more = clip_table({"a": 30, "b": 30, "aa": 50})
    more["recording"] = "renamed_" + more["recording"]
    after, kept = split_held_out(more, 0.1, 6, 30, 2, stretches)
    assert kept == stretches
    assert set(more.loc[after, "clip_id"]) == set(clips.loc[mask, "clip_id"])

    with pytest.raises(VagoError, match=r"covers no clip.*delete it"):
        split_held_out(clip_table({"other": 30}), 0.1, 6, 30, 1, stretches)


def test_a_frozen_clip_stays_when_its_edges_move_a_little():
    clips = clip_table({"a": 30})
    mask, stretches = split_held_out(clips, 0.1, 6, 30, 1)
    clips["start"], clips["end"] = clips["start"] - 0.2, clips["end"] + 0.3
    assert (split_held_out(clips, 0.1, 6, 30, 1, stretches)[0] == mask).all()
