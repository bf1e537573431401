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
    mel = torch.rand(80, codes * 4, generator=generator)
    return Features(
        name,
        "quiz",
        speaker,
        torch.arange(3, 3 + codes // 4),
        torch.randint(0, 1024, (codes,), generator=generator),
        mel,
    )


def many(lengths) -> dict[str, Features]:
    return {f"c{i:03d}": clip(f"c{i:03d}", n) for i, n in enumerate(lengths)}


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
    assert order == batches.epoch_order(dict(reversed(clips.items())), size, seed, epoch), (
        "the order is the seed's alone"
    )


def test_epochs_and_seeds_differ():
    clips = many([50] * 40)
    first = batches.epoch_order(clips, 4, 1, 0)
    assert first != batches.epoch_order(clips, 4, 1, 1)
    assert first != batches.epoch_order(clips, 4, 2, 0)


def test_bucketing_pads_less_than_chance():
    rng = np.random.default_rng(0)
    clips = many(rng.integers(20, 250, 120).tolist())

    def padding(order):
        return sum(
            max(len(clips[i].codes) for i in b) * len(b) - sum(len(clips[i].codes) for i in b)
            for b in order
        )

    ids = [sorted(clips)[i] for i in rng.permutation(120)]
    by_chance = [ids[at : at + 4] for at in range(0, 120, 4)]
    assert padding(batches.epoch_order(clips, 4, 1, 0)) < 0.4 * padding(by_chance)


def test_prompt_comes_from_other_clips_and_fills_its_length():
    clips = many([30, 40, 50])
    own = clips["c001"].mel
    for seed in range(20):
        prompt = batches.other_prompt(clips, "c001", 170, np.random.default_rng(seed))
        assert prompt.shape == (80, 170)
        assert not any(
            torch.equal(prompt[:, :40], own[:, at : at + 40]) for at in range(own.shape[1] - 40)
        )


def test_held_out_prompts_are_fixed_and_never_the_clip_itself():
    clips = many([30, 40, 50, 60, 70])
    first, again = batches.held_out_batches(clips, 2, 1.0), batches.held_out_batches(clips, 2, 1.0)
    assert [b.clip_ids for b in first] == [b.clip_ids for b in again]
    assert all(torch.equal(a.cond_mels, b.cond_mels) for a, b in zip(first, again))
    other_size = batches.held_out_batches(clips, 5, 1.0)[0]
    for batch in first:
        for row, name in enumerate(batch.clip_ids):
            assert torch.equal(
                batch.cond_mels[row], other_size.cond_mels[other_size.clip_ids.index(name)]
            ), "batch size changes no question"


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
    for seed in range(20):
        prompt = batches.other_prompt(clips, "b1", 120, np.random.default_rng(seed))
        b2 = clips["b2"].mel
        assert any(torch.equal(prompt, b2[:, at : at + 120]) for at in range(b2.shape[1] - 119))


def test_a_speakers_only_clip_is_named():
    clips = many([30, 40]) | {"b1": clip("b1", 50, "béla")}
    with pytest.raises(VagoError, match="b1 is the only one of speaker 'béla' among 3 clips"):
        batches.other_prompt(clips, "b1", 10, np.random.default_rng(0))


def numbered(count: int, speaker: str = "anna", first: int = 0) -> dict[str, Features]:
    """Clips whose mel says which clip it is."""
    made = {f"n{i:03d}": clip(f"n{i:03d}", 20 + i, speaker) for i in range(first, first + count)}
    return {
        name: replace(c, mel=torch.full_like(c.mel, float(name[1:]))) for name, c in made.items()
    }


@settings(max_examples=60, deadline=None)
@given(count=st.integers(2, 12), size=st.integers(1, 6), seed=st.integers(0, 999))
def test_a_shared_prompt_comes_from_clips_that_are_not_in_the_batch(count, size, seed):
    clips = numbered(count)
    ids = batches.epoch_order(clips, size, seed, 0)[0]
    batch = batches.training_batch(clips, ids, "shared", (1.0, 2.0), (seed, 0))
    alone = len(ids) == count  # nobody is left to prompt all of them
    assert len(batch.cond_mels) == (len(ids) if alone else 1)
    assert 86 <= batch.cond_mels.shape[2] <= 172
    for name, mel in zip(ids if alone else [set(ids)], batch.cond_mels):
        assert not {f"n{int(value):03d}" for value in mel.unique()} & ({name} if alone else name)
    assert not batch.prompt_spans.any(), "every code is learned"


def test_clips_of_several_speakers_are_prompted_by_their_own():
    clips = numbered(4) | numbered(4, "béla", 4)
    batch = batches.training_batch(clips, ["n001", "n005"], "shared", (1.0, 1.0), (1, 2))
    anna, bela = (set(mel.unique().tolist()) for mel in batch.cond_mels)
    assert anna <= {0, 2, 3} and bela <= {4, 6, 7}
