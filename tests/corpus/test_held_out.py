"""Validation and test set are stratified, made of stretches, and stay once they are drawn."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.handmade import clip_table
from vago import VagoError
from vago.corpus.corpus import HELD_OUT, TEST, TRAINING, VALIDATION, Stretch
from vago.corpus.held_out import draw_parts, set_size


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("own", [VALIDATION, TEST])
def test_each_set_is_stratified_and_near_its_size(seed, own):
    clips = clip_table({"a": 40, "b": 40, "z": 120})
    part, stretches = draw_parts(clips, 0.1, 12, 30, seed)
    mask = part == own
    assert mask.sum() == 20

    strata = ["source", "category"]
    share = clips[mask].groupby(strata).size() / clips.groupby(strata).size()
    assert share.between(0.03, 0.2).all() and len(share) == 6

    stretches_of_part = [stretch for stretch in stretches if stretch.part == own]
    assert all(stretch.end - stretch.start <= 5 * 7 for stretch in stretches)
    assert len(stretches_of_part) < mask.sum(), "neighbours, not clips picked one by one"

    again, same = draw_parts(clips, 0.1, 12, 30, seed)
    assert same == stretches and (again == part).all()


@settings(max_examples=60, deadline=None)
@given(
    recordings=st.dictionaries(st.sampled_from("abcdwxyz"), st.integers(1, 30), min_size=1),
    min_clips=st.integers(1, 8),
    fraction=st.floats(0.01, 0.3),
    stretch_seconds=st.floats(1, 60),
    seed=st.integers(0, 99),
)
def test_two_equal_sets_without_a_clip_in_common(
    recordings, min_clips, fraction, stretch_seconds, seed
):
    clips = clip_table(recordings)
    wanted = max(min_clips, round(fraction * len(clips)))
    if len(clips) < max(2 * wanted, 4):
        with pytest.raises(VagoError, match="too few for a validation and a test set"):
            draw_parts(clips, fraction, min_clips, stretch_seconds, seed)
        return

    part, stretches = draw_parts(clips, fraction, min_clips, stretch_seconds, seed)
    counts = [int((part == name).sum()) for name in (VALIDATION, TEST, TRAINING)]
    target = min(wanted, len(clips) // 4)
    assert counts == [target, target, len(clips) - 2 * target]

    # what lies in a stretch belongs to its part, and stretches of one recording do not overlap
    spans = sorted((one.recording_sha256, one.start, one.end) for one in stretches)
    for (one, _, end), (other, start, _) in zip(spans, spans[1:]):
        assert one != other or end <= start

    frozen, kept = draw_parts(clips, 0.5, 99, 1, seed + 1, stretches)
    assert kept == stretches and (frozen == part).all()


def test_another_seed_draws_other_sets():
    clips = clip_table({"a": 40, "z": 120})
    drawn = {tuple(draw_parts(clips, 0.1, 12, 30, seed)[0]) for seed in range(4)}
    assert len(drawn) == 4


def test_a_block_of_one_category_does_not_starve_the_others():
    clips = clip_table({"a": 80}, categories=("x",))
    clips["category"] = [f"c{k // 10}" for k in range(80)]
    part, _ = draw_parts(clips, 0.05, 12, 30, 1)

    for own in (VALIDATION, TEST):
        assert set(clips[part == own]["category"]) == {f"c{k}" for k in range(8)}


def test_single_clip_recordings_can_be_split():
    clips = clip_table({f"a{k}": 1 for k in range(30)}, categories=("long",))
    part, _ = draw_parts(clips, 0.05, 6, 30, 1)
    assert (part == VALIDATION).sum() == (part == TEST).sum() == 6


def test_too_few_clips():
    with pytest.raises(VagoError, match="10 clips are too few for a validation and a test set of"):
        draw_parts(clip_table({"a": 10}), 0.05, 12, 30, 1)
    advice = r"24 are needed \(2.4 minutes of speech in clips of 6.0 s.* held_out_min_clips to 5,"
    with pytest.raises(VagoError, match=advice):
        draw_parts(clip_table({"a": 10}), 0.05, 12, 30, 1)
    part, _ = draw_parts(clip_table({"a": 10}), 0.05, 5, 30, 1)
    assert {TRAINING, VALIDATION, TEST} == set(part), "the advice helps"


@pytest.mark.parametrize("count", [1, 3])
def test_with_fewer_than_four_clips_no_setting_helps(count):
    """So none is named, but what can be done instead."""
    with pytest.raises(VagoError) as caught:
        draw_parts(clip_table({"a": count}), 0.05, 12, 30, 1)

    message = str(caught.value)
    assert message.startswith("1 clip is too few" if count == 1 else "3 clips are too few")
    for expected in ("2.4 minutes", "15 minutes", "cut into clips at its pauses", "reference"):
        assert expected in message
    assert "held_out_min_clips" not in message


def test_half_of_a_small_corpus_is_left_for_training():
    for clips, wanted, expected in (
        (24, 12, 6),
        (30, 12, 7),
        (47, 12, 11),
        (48, 12, 12),
        (5, 2, 1),
    ):
        assert set_size(clips, 0.05, wanted) == expected
        part, _ = draw_parts(clip_table({"a": clips}), 0.05, wanted, 30, 1)
        assert (part == VALIDATION).sum() == (part == TEST).sum() == expected


def test_frozen_sets_follow_the_sound_not_the_names():
    clips = clip_table({"a": 30, "b": 30})
    part, stretches = draw_parts(clips, 0.1, 6, 30, 1)

    more = clip_table({"a": 30, "b": 30, "aa": 50})
    more["recording"] = "renamed_" + more["recording"]
    after, kept = draw_parts(more, 0.1, 6, 30, 2, stretches)
    assert kept == stretches
    for own in (VALIDATION, TEST):
        assert set(more.loc[after == own, "clip_id"]) == set(clips.loc[part == own, "clip_id"])

    with pytest.raises(VagoError, match=r"leave no validation clip.*delete it"):
        draw_parts(clip_table({"other": 30}), 0.1, 6, 30, 1, stretches)
    first = [stretch for stretch in stretches if stretch.part == VALIDATION]
    with pytest.raises(VagoError, match=r"leave no test clip.*delete it"):
        draw_parts(clips, 0.1, 6, 30, 1, first)


def test_a_frozen_clip_stays_when_its_edges_move_a_little():
    clips = clip_table({"a": 30})
    part, stretches = draw_parts(clips, 0.1, 6, 30, 1)
    clips["start"], clips["end"] = clips["start"] - 0.2, clips["end"] + 0.3
    assert (draw_parts(clips, 0.1, 6, 30, 1, stretches)[0] == part).all()


def test_an_older_single_set_stays_one_set():
    """Its clips have chosen weights already: none of them may be a test clip of its own."""
    clips = clip_table({"a": 30})
    old = Stretch("quiz", "a.wav", "hash of a", 0.0, 40.0)
    part, kept = draw_parts(clips, 0.1, 3, 30, 1, [old])
    assert kept == [old]
    assert list(part[:6]) == [HELD_OUT] * 6 and set(part[6:]) == {TRAINING}
