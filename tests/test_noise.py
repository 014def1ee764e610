"""Intervals of the difference between two commits."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from tools.comparison.noise import combine, difference_intervals
from tools.comparison.states import State

NAMES = np.array(["cat", "dog"])


def wilson(count, n):
    low, high = proportion_confint(count, n, method="wilson")
    return count / n, low, high


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # Newcombe 1998, Statistics in Medicine 17, table II, method 10: examples (a) and (c).
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
    ],
)
def test_independent_intervals_are_combined_as_newcombe_does(first, second, expected):
    # His difference is the first share less the second.
    assert combine(wilson(*second), wilson(*first)) == pytest.approx(expected, abs=5e-5)
    theirs = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")
    assert combine(wilson(*second), wilson(*first)) == pytest.approx(theirs)


def state(said, scores=None, **params):
    return State(params, frozenset(), None, ("0", 1), True, scores or {}, {"scratch": said}, "")


def said(actual, predicted):
    return pd.DataFrame({"actual": NAMES[actual], "predicted": NAMES[predicted]})


@pytest.fixture
def two():
    rng = np.random.default_rng(0)
    actual = rng.integers(0, 2, 200)
    before = np.where(rng.random(200) < 0.7, actual, 1 - actual)
    # Ten images more are right, none less.
    wrong = np.flatnonzero(before != actual)[:10]
    after = before.copy()
    after[wrong] = actual[wrong]
    return said(actual, before), said(actual, after)


def test_the_same_images_are_compared_one_by_one(two):
    before, after = two
    low, high = difference_intervals(state(before), state(after))["scratch.accuracy"]
    change = np.array([1.0] * 10 + [0.0] * 190)
    theirs = bootstrap((change,), np.mean, method="percentile", rng=np.random.default_rng(1))
    assert (low, high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.0051)
    assert low > 0


def test_paired_intervals_are_narrower_than_independent_ones(two):
    before, after = two
    scores = [{"scratch.accuracy": wilson(count, 200)} for count in (140, 150)]
    # With a group the images are not independent, and what Git has are the intervals by group.
    grouped = {"organize": {"group": "(.)"}}
    alone = difference_intervals(
        state(before, scores[0], **grouped), state(after, scores[1], **grouped)
    )
    assert alone["scratch.accuracy"] == pytest.approx(combine(wilson(140, 200), wilson(150, 200)))
    assert alone["scratch.accuracy"][0] < 0
    assert set(alone) == {"scratch.accuracy"}


def test_other_images_are_not_paired(two):
    before, after = two
    after["actual"] = after["actual"].to_numpy()[::-1]
    assert difference_intervals(state(before), state(after)) == {}


def test_precision_is_of_the_positive_class():
    actual = np.array([0, 0, 0, 1, 1, 1] * 20)
    never, always = said(actual, actual * 0), said(actual, actual)
    for positive, sign in (("dog", 1), (None, 1)):
        params = {"evaluate": {"positive_class": positive}}
        low, _ = difference_intervals(state(never, **params), state(always, **params))[
            "scratch.recall"
        ]
        assert low == sign
    params = {"evaluate": {"positive_class": "cat"}}
    spans = difference_intervals(state(never, **params), state(always, **params))
    assert spans["scratch.recall"] == (0, 0)
    assert spans["scratch.precision"][0] > 0.3


def test_figures_without_an_interval_are_of_unknown_noise():
    nan = float("nan")
    before = state(said([0], [0]), {"scratch.loss": (0.1, nan, nan)})
    after = state(said([0, 1], [0, 1]), {"scratch.loss": (0.2, 0.1, 0.3)})
    assert difference_intervals(before, after) == {}
