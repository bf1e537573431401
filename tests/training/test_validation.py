import numpy as np
import pandas as pd
import pytest

from vago.training import validation


def table(mel, tokens=None, text=None):
    n = len(mel)
    tokens = np.full(n, 100) if tokens is None else np.asarray(tokens)
    return pd.DataFrame(
        {
            "clip_id": [f"c{i}" for i in range(n)],
            "mel_nll": np.asarray(mel) * tokens,
            "mel_tokens": tokens,
            "text_nll": np.full(n, 20.0) if text is None else text,
            "text_tokens": np.full(n, 10),
        }
    )


def test_means_are_per_token_not_per_clip():
    value = validation.means(table([1.0, 3.0], tokens=[300, 100]))
    assert value == pytest.approx({"mel_ce": 1.5, "text_ce": 2.0, "loss": 1.52})


def test_a_clip_whose_loss_is_not_a_number_is_not_left_out():
    assert np.isnan(validation.means(table([1.0, np.nan]))["mel_ce"])


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(200):
        found = validation.intervals(table(rng.normal(5.0, 0.5, 40)), samples=300, seed=trial)[
            "mel_ce"
        ]
        hits += found["low"] <= 5.0 <= found["high"]
    assert 0.88 <= hits / 200 <= 0.99


def test_intervals_are_the_seeds_alone():
    t = table(np.random.default_rng(1).normal(5, 1, 20))
    assert (
        validation.intervals(t, seed=4)
        == validation.intervals(t, seed=4)
        != validation.intervals(t, seed=5)
    )


def test_pairing_sees_what_single_intervals_cannot():
    hard = np.random.default_rng(2).normal(5, 1, 25)  # clips differ by far more than the phases do
    better, worse = table(hard - 0.05), table(hard)
    a, b = validation.intervals(better)["mel_ce"], validation.intervals(worse)["mel_ce"]
    assert a["high"] > b["low"], "the single intervals overlap"
    difference = validation.paired_difference(better, worse.sample(frac=1, random_state=0))[
        "mel_ce"
    ]
    assert difference["high"] < 0 and difference["value"] == pytest.approx(-0.05)


def test_pairing_other_clips_is_refused():
    with pytest.raises(ValueError, match="same clips"):
        validation.paired_difference(table([1, 2]), table([1, 2, 3]))
