"""Means per token, bootstrap intervals and paired differences."""

import warnings

import numpy as np
import pandas as pd
import pytest

from vago.training import validation


def table(mel, tokens=None):
    """Scores of clips with the given mel CE, 100 mel tokens each or `tokens`."""
    count = len(mel)
    if tokens is None:
        tokens = [100] * count

    columns = {
        "clip_id": [f"c{i}" for i in range(count)],
        "mel_nll": np.asarray(mel) * np.asarray(tokens),
        "mel_tokens": tokens,
        "text_nll": np.full(count, 20.0),
        "text_tokens": np.full(count, 10),
    }
    return pd.DataFrame(columns)


def test_means_are_per_token_not_per_clip():
    value = validation.means(table([1.0, 3.0], tokens=[300, 100]))
    assert value == pytest.approx({"mel_ce": 1.5, "text_ce": 2.0, "loss": 1.52})


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_clip_whose_loss_is_not_finite_is_not_left_out(bad):
    scores = table([1.0, bad, 2.0])
    assert not np.isfinite(validation.means(scores)["mel_ce"])

    found = validation.intervals(scores)
    assert not np.isfinite(found["mel_ce"]["value"])
    assert not np.isfinite(found["mel_ce"]["high"])
    assert found["text_ce"] == {"value": 2.0, "low": 2.0, "high": 2.0}


def test_intervals_cover_the_truth_in_about_95_percent():
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(200):
        scores = table(rng.normal(5.0, 0.5, 40))
        found = validation.intervals(scores, samples=300, seed=trial)["mel_ce"]
        hits += found["low"] <= 5.0 <= found["high"]

    assert 0.88 <= hits / 200 <= 0.99


def test_intervals_depend_on_the_seed_alone():
    scores = table(np.random.default_rng(1).normal(5, 1, 20))
    first = validation.intervals(scores, seed=4)
    assert first == validation.intervals(scores, seed=4)
    assert first != validation.intervals(scores, seed=5)


def test_the_values_are_the_means():
    rng = np.random.default_rng(3)
    ours, theirs = (table(rng.normal(5, 1, 20), rng.integers(20, 300, 20)) for _ in range(2))
    our_means, their_means = validation.means(ours), validation.means(theirs)

    intervals = validation.intervals(ours)
    difference = validation.paired_difference(ours, theirs)
    for name in validation.LOSSES:
        assert intervals[name]["value"] == our_means[name]
        expected = our_means[name] - their_means[name]
        assert difference[name]["value"] == pytest.approx(expected, abs=1e-12)


def test_pairing_sees_what_single_intervals_cannot():
    hard = np.random.default_rng(2).normal(5, 1, 25)  # clips differ by far more than phases do
    better, worse = table(hard - 0.05), table(hard)
    better_ce = validation.intervals(better)["mel_ce"]
    worse_ce = validation.intervals(worse)["mel_ce"]
    assert better_ce["high"] > worse_ce["low"], "the single intervals overlap"

    shuffled = worse.sample(frac=1, random_state=0)
    difference = validation.paired_difference(better, shuffled)["mel_ce"]
    assert difference["high"] < 0
    assert difference["value"] == pytest.approx(-0.05)


def test_pairing_other_clips_is_refused():
    with pytest.raises(ValueError, match="same clips"):
        validation.paired_difference(table([1, 2]), table([1, 2, 3]))


def test_a_mean_has_an_interval():
    values = np.random.default_rng(0).normal(0.5, 0.1, 100)
    found = validation.bootstrap_interval(values)

    # 1.96 standard errors to each side
    assert found["value"] == values.mean()
    assert found["low"] == pytest.approx(values.mean() - 0.0196, abs=0.004)
    assert found["high"] == pytest.approx(values.mean() + 0.0196, abs=0.004)


@pytest.mark.parametrize("values", [[0.1], [0.1] * 7])
def test_without_spread_the_interval_is_the_value(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = validation.bootstrap_interval(values)
        scores = validation.intervals(table(values))

    assert found["low"] == found["value"] == found["high"] == pytest.approx(0.1)
    assert scores["mel_ce"]["low"] == scores["mel_ce"]["high"] == pytest.approx(0.1)
