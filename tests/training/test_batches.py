"""The order of clips and their prompts."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vago import VagoError
from vago.training import batches
from vago.training.features import Features


def clip(name: str, codes: int, speaker: str = "anna") -> Features:
    generator = torch.Generator().manual_seed(codes)
    return Features(
        name,
        "quiz",
        speaker,
        mel=torch.rand(80, codes * 4, generator=generator),
        tokens=torch.arange(3, 3 + codes // 4),
        codes=torch.randint(0, 1024, (codes,), generator=generator),
    )


def many(lengths) -> dict[str, Features]:
    return {f"c{i:03d}": clip(f"c{i:03d}", n) for i, n in enumerate(lengths)}


def numbered(count: int, speaker: str = "anna", first: int = 0) -> dict[str, Features]:
    """Clips whose mel holds the number in the clip's name."""
    made = {}
    for number in range(first, first + count):
        one = clip(f"n{number:03d}", 20 + number, speaker)
        made[one.clip_id] = replace(one, mel=torch.full_like(one.mel, float(number)))
    return made


# --- the order of clips ---


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(11, 250), min_size=1, max_size=80),
    size=st.integers(1, 9),
    seed=st.integers(0, 99),
    epoch=st.integers(0, 50),
)
def test_an_epoch_visits_every_clip_exactly_once(lengths, size, seed, epoch):
    clips = many(lengths)
    order = batches.epoch_order(clips, size, seed, epoch)
    assert sorted(i for batch in order for i in batch) == sorted(clips)
    assert max(map(len, order)) <= size

    reordered = dict(reversed(clips.items()))
    assert order == batches.epoch_order(reordered, size, seed, epoch), "the seed alone decides"


def test_epochs_and_seeds_differ():
    clips = many([50] * 40)
    first = batches.epoch_order(clips, 4, 1, 0)
    assert first != batches.epoch_order(clips, 4, 1, 1)
    assert first != batches.epoch_order(clips, 4, 2, 0)


def test_bucketing_pads_less_than_chance():
    rng = np.random.default_rng(0)
    clips = many(rng.integers(20, 250, 120).tolist())

    def padding(order):
        total = 0
        for batch in order:
            lengths = [len(clips[i].codes) for i in batch]
            total += max(lengths) * len(lengths) - sum(lengths)
        return total

    ids = [sorted(clips)[i] for i in rng.permutation(120)]
    by_chance = [ids[at : at + 4] for at in range(0, 120, 4)]
    assert padding(batches.epoch_order(clips, 4, 1, 0)) < 0.4 * padding(by_chance)


# --- prompts ---


def test_prompt_comes_from_other_clips_and_fills_its_length():
    clips = many([30, 40, 50])
    own = clips["c001"].mel
    for seed in range(20):
        prompt = batches.other_prompt(clips, "c001", 170, np.random.default_rng(seed))
        assert prompt.shape == (80, 170)

        stretches = (own[:, at : at + 40] for at in range(own.shape[1] - 40))
        assert not any(torch.equal(prompt[:, :40], stretch) for stretch in stretches)


def test_fixed_prompts_depend_on_neither_run_nor_batch_size():
    clips = many([30, 40, 50, 60, 70])
    first = batches.fixed_batches(clips, 2, 1.0)
    again = batches.fixed_batches(clips, 2, 1.0)
    assert [b.clip_ids for b in first] == [b.clip_ids for b in again]
    assert all(torch.equal(a.cond_mels, b.cond_mels) for a, b in zip(first, again))

    (whole,) = batches.fixed_batches(clips, 5, 1.0)
    prompts = dict(zip(whole.clip_ids, whole.cond_mels))
    for batch in first:
        for name, prompt in zip(batch.clip_ids, batch.cond_mels):
            assert torch.equal(prompt, prompts[name])


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.integers(11, 250), min_size=2, max_size=6), seed=st.integers(0, 1000))
def test_masked_spans_lie_inside_the_clip(lengths, seed):
    clips = many(lengths)
    batch = batches.training_batch(clips, sorted(clips), "masked", (3.0, 6.0), (seed, 0))
    for (first, last), length in zip(batch.prompt_spans.tolist(), batch.code_lengths.tolist()):
        assert 0 <= first < last <= length
        assert (last - first) * 4 >= batch.cond_mels.shape[2], "all of the prompt is masked"


def test_prompts_come_from_the_same_speaker():
    clips = many([30, 40]) | {"b1": clip("b1", 50, "béla"), "b2": clip("b2", 60, "béla")}
    other = clips["b2"].mel
    for seed in range(20):
        prompt = batches.other_prompt(clips, "b1", 120, np.random.default_rng(seed))
        stretches = (other[:, at : at + 120] for at in range(other.shape[1] - 119))
        assert any(torch.equal(prompt, stretch) for stretch in stretches)


def test_a_speakers_only_clip_is_named():
    clips = many([30, 40]) | {"b1": clip("b1", 50, "béla")}
    with pytest.raises(VagoError, match="b1 is the only one of speaker 'béla' among 3 clips"):
        batches.other_prompt(clips, "b1", 10, np.random.default_rng(0))


@settings(max_examples=60, deadline=None)
@given(count=st.integers(2, 12), size=st.integers(1, 6), seed=st.integers(0, 999))
def test_a_shared_prompt_comes_from_clips_that_are_not_in_the_batch(count, size, seed):
    clips = numbered(count)
    ids = batches.epoch_order(clips, size, seed, 0)[0]
    batch = batches.training_batch(clips, ids, "shared", (1.0, 2.0), (seed, 0))
    assert 86 <= batch.cond_mels.shape[2] <= 172
    assert not batch.prompt_spans.any(), "every code is learned"

    # where the batch holds all clips, no other clip can prompt it: each is prompted by the others
    is_whole_set = len(ids) == count
    excluded = [{i} for i in ids] if is_whole_set else [set(ids)]
    assert len(batch.cond_mels) == len(excluded)
    for names, mel in zip(excluded, batch.cond_mels):
        prompted_by = {f"n{int(value):03d}" for value in mel.unique()}
        assert not prompted_by & names


def test_clips_of_several_speakers_are_prompted_by_their_own():
    clips = numbered(4) | numbered(4, "béla", 4)
    batch = batches.training_batch(clips, ["n001", "n005"], "shared", (1.0, 1.0), (1, 2))

    anna, bela = (set(mel.unique().tolist()) for mel in batch.cond_mels)
    assert anna <= {0, 2, 3}
    assert bela <= {4, 6, 7}
