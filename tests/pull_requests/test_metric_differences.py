"""Intervals of the difference between two commits."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from convline.evaluation.model_comparison import mcnemar_exact
from convline.pull_requests.metric_differences import combine, differences
from convline.pull_requests.revision_results import Results, read_results

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
def test_independent_intervals_are_combined_by_newcombes_method(first, second, expected):
    # Newcombe's difference is the first proportion minus the second.
    assert combine(wilson(*second), wilson(*first)) == pytest.approx(expected, abs=5e-5)
    theirs = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")
    assert combine(wilson(*second), wilson(*first)) == pytest.approx(theirs)


def results(predictions, scores=None, *, grouped=False, **params):
    positive = params.get("evaluate", {}).get("positive_class", "dog")
    classes = ["cat", "dog"]
    return Results(
        params, frozenset(), None, ("0", 1), classes, positive, True, scores or {},
        {"scratch": predictions}, "", grouped,
    )  # fmt: skip


def predictions(actual, predicted):
    return pd.DataFrame({"actual": NAMES[actual], "predicted": NAMES[predicted]})


@pytest.fixture
def two():
    rng = np.random.default_rng(0)
    actual = rng.integers(0, 2, 200)
    before = np.where(rng.random(200) < 0.7, actual, 1 - actual)
    # Ten more images are right, none fewer.
    wrong = np.flatnonzero(before != actual)[:10]
    after = before.copy()
    after[wrong] = actual[wrong]
    return predictions(actual, before), predictions(actual, after)


def test_the_same_images_are_compared_pairwise(two):
    before, after = two
    found = differences(results(before), results(after))["scratch.accuracy"]
    low, high = found.low, found.high
    change = np.array([1.0] * 10 + [0.0] * 190)
    theirs = bootstrap((change,), np.mean, method="percentile", rng=np.random.default_rng(1))
    assert (low, high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.0051)
    assert low > 0
    assert found.significant


@pytest.mark.parametrize(("images", "significant"), [(4, False), (5, False), (6, True), (7, True)])
def test_significance_of_a_few_changed_images_agrees_with_mcnemar(images, significant):
    actual = np.array([0, 1] * 100)
    before = actual.copy()
    before[:images] = 1 - before[:images]
    found = differences(results(predictions(actual, before)), results(predictions(actual, actual)))
    assert found["scratch.accuracy"].low > 0
    assert found["scratch.accuracy"].significant == significant == (mcnemar_exact(0, images) < 0.05)


def test_paired_intervals_are_narrower_than_independent_ones(two):
    before, after = two
    scores = [{"scratch.accuracy": wilson(count, 200)} for count in (140, 150)]
    # Images in groups are not independent, and Git has only intervals resampled by group.
    alone = differences(results(before, scores[0], grouped=True), results(after, scores[1]))
    found = alone.pop("scratch.accuracy")
    assert (found.low, found.high) == pytest.approx(combine(wilson(140, 200), wilson(150, 200)))
    assert found.low < 0
    assert not found.significant
    assert not alone


@pytest.mark.parametrize(("p", "grouped"), [(None, False), (0.03, True)])
def test_images_are_grouped_if_evaluate_used_the_test_for_groups(tmp_path, monkeypatch, p, grouped):
    monkeypatch.chdir(tmp_path)
    Path("metrics").mkdir()
    content = {"comparison": {"mcnemar_p": None, "permutation_p": p}}
    Path("metrics/evaluate.json").write_text(json.dumps(content))
    assert read_results(None).grouped == grouped


def test_different_images_are_not_paired(two):
    before, after = two
    after["actual"] = after["actual"].to_numpy()[::-1]
    assert differences(results(before), results(after)) == {}


def test_precision_and_recall_are_those_of_the_positive_class():
    actual = np.array([0, 0, 0, 1, 1, 1] * 20)
    never, always = predictions(actual, actual * 0), predictions(actual, actual)
    found = differences(results(never), results(always))["scratch.recall"]
    assert (found.low, found.high, found.significant) == (1, 1, True)
    params = {"evaluate": {"positive_class": "cat"}}
    found = differences(results(never, **params), results(always, **params))
    assert (found["scratch.recall"].low, found["scratch.recall"].significant) == (0, False)
    assert found["scratch.precision"].low > 0.3


def test_the_calibration_error_has_no_interval():
    name = "scratch.expected_calibration_error"
    before, after = (
        results(predictions([0], [0]), {name: x}) for x in ((0.1, 0.12, 0.2), (0.5, 0.4, 0.6))
    )
    assert name not in differences(before, after)


def test_a_score_below_its_own_interval_does_not_widen_that_of_the_difference():
    low, high = combine((0.1, 0.2, 0.3), (0.5, 0.4, 0.6))
    assert (low, high) == pytest.approx((0.4 - (0.1**2 + 0.2**2) ** 0.5, 0.5))


def test_scores_without_an_interval_have_no_interval_of_the_difference():
    nan = float("nan")
    before = results(predictions([0], [0]), {"scratch.loss": (0.1, nan, nan)})
    after = results(predictions([0, 1], [0, 1]), {"scratch.loss": (0.2, 0.1, 0.3)})
    assert differences(before, after) == {}
