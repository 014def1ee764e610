"""Comparison of two models, checked with SciPy, statsmodels and examples computed by hand."""

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.contingency_tables import mcnemar

from convline.evaluation.bootstrap import draw_weights
from convline.evaluation.model_comparison import (
    compare,
    is_significant,
    mcnemar_exact,
    permutation_p,
    statistics,
    verdict,
)
from tests.made_predictions import predictions, right_or_wrong


def compared(scratch, transfer):
    return compare(scratch, transfer, draw_weights(scratch.groups, 2000, seed=0))


def models(both, only_scratch, only_transfer, neither):
    """Two models by how many images each of them gets right."""
    counts = [both, only_scratch, only_transfer, neither]
    return (
        right_or_wrong(np.repeat([True, True, False, False], counts)),
        right_or_wrong(np.repeat([True, False, True, False], counts)),
    )


@pytest.mark.parametrize("pairs", [(0, 0), (1, 0), (5, 5), (2, 10), (30, 12), (86, 150)])
def test_mcnemars_test_is_that_of_statsmodels(pairs):
    first, second = pairs
    expected = mcnemar([[794, first], [second, 570]], exact=True).pvalue
    assert mcnemar_exact(first, second) == pytest.approx(min(expected, 1))


def test_mcnemars_test_by_hand():
    # Two of twelve: (1 + 12 + 66) / 2**12 of a fair coin's outcomes are as far out, on each side.
    assert mcnemar_exact(2, 10) == pytest.approx(2 * 79 / 4096)


def test_the_counts_and_the_difference():
    comparison = compared(*models(both=70, only_scratch=5, only_transfer=20, neither=5))
    assert comparison["difference"] == pytest.approx(0.15)
    assert comparison["both_right"] == 70
    assert comparison["only_scratch_right"] == 5
    assert comparison["only_transfer_right"] == 20
    assert comparison["both_wrong"] == 5
    assert comparison["disagree"] == 25


def test_the_paired_interval_is_that_of_scipy():
    scratch, transfer = models(both=70, only_scratch=5, only_transfer=20, neither=5)
    comparison = compared(scratch, transfer)
    change = transfer.correct.astype(float) - scratch.correct
    expected = scipy.stats.bootstrap(
        (change,), np.mean, method="percentile", n_resamples=4000, rng=np.random.default_rng(1)
    ).confidence_interval
    assert comparison["low"] == pytest.approx(expected.low, abs=0.011)  # steps are of 0.01
    assert comparison["high"] == pytest.approx(expected.high, abs=0.011)
    # Wald's interval of paired shares: 0.15 +- 1.96 sqrt((25 - 15**2 / 100) / 100**2).
    assert comparison["low"] == pytest.approx(0.15 - 0.0935, abs=0.015)


def test_a_significant_difference_names_the_better_model():
    comparison = compared(*models(both=70, only_scratch=5, only_transfer=20, neither=5))
    assert is_significant(comparison)
    assert verdict(comparison) == "The transfer model is better: 90.0 % against 75.0 %"
    text = statistics(comparison)
    assert text.startswith("On the 100 images of the test split the accuracies differ by 0.150 (95")
    end = "statistically significant (McNemar's exact test, p = 0.004; one training seed)."
    assert text.endswith(f"; the difference is {end}")


def test_the_interval_is_given_in_favour_of_the_better_model():
    comparison = compared(*models(300, 60, 10, 30))
    assert verdict(comparison) == "The scratch CNN is better: 90.0 % against 77.5 %"
    text = statistics(comparison)
    assert "differ by 0.125 (95 % interval 0.0" in text
    assert "p < 0.001" in text


def test_a_small_test_split_is_too_close_to_call():
    comparison = compared(*models(both=15, only_scratch=1, only_transfer=3, neither=1))
    assert not is_significant(comparison)
    expected = "Too close to call: the transfer model 90.0 %, the scratch CNN 80.0 %"
    assert verdict(comparison) == expected
    text = statistics(comparison)
    assert "interval \N{MINUS SIGN}0." in text
    assert "not statistically significant (McNemar's exact test, p = 0.625; one tr" in text
    assert text.endswith("A larger test split narrows the interval.")


def test_accuracies_that_round_to_the_same_number_get_more_decimals():
    comparison = compared(*models(both=9990, only_scratch=0, only_transfer=1, neither=9))
    expected = "Too close to call: the transfer model 99.910 %, the scratch CNN 99.900 %"
    assert verdict(comparison) == expected


def test_an_interval_that_mcnemars_test_does_not_support_is_not_enough():
    # Five of five: the percentile interval excludes 0, and p is 2 / 2**5.
    comparison = compared(*models(both=5, only_scratch=0, only_transfer=5, neither=0))
    assert comparison["low"] > 0
    assert comparison["mcnemar_p"] == pytest.approx(0.0625)
    assert not is_significant(comparison)


def test_equal_accuracies_have_no_winner():
    comparison = compared(*models(10, 4, 4, 2))
    assert verdict(comparison) == "Both models have the same accuracy: 70.0 %"
    assert "On the 20 images of the test split the accuracies differ by 0.000" in statistics(
        comparison
    )


def test_models_that_are_right_on_the_same_images_do_not_differ():
    comparison = compared(*models(10, 0, 0, 2))
    assert (comparison["low"], comparison["high"], comparison["mcnemar_p"]) == (0, 0, 1)
    assert "right on the same ones of the 12 images" in statistics(comparison)


def test_models_that_never_agree_differ():
    comparison = compared(*models(0, 0, 40, 0))
    assert (comparison["low"], comparison["high"]) == (1, 1)
    assert is_significant(comparison)


def test_one_image_shows_no_difference():
    comparison = compared(*models(0, 1, 0, 0))
    assert comparison["difference"] == -1
    assert comparison["low"] is comparison["high"] is None
    assert not is_significant(comparison)
    assert "differ by 1.000; the difference is not statistically" in statistics(comparison)


def by_group(gains):
    """Ten images a group; in each the second model is right on so many more."""
    labels, groups = [0] * 10 * len(gains), np.repeat([f"p{i}" for i in range(len(gains))], 10)
    right, wrong = [0.9, 0.1], [0.4, 0.6]
    rows = [row for gain in gains for row in [wrong] * gain + [right] * (10 - gain)]
    better = predictions(labels, [right] * len(labels), groups)
    return predictions(labels, rows, groups), better


def test_images_of_one_group_are_not_treated_as_independent():
    # Ten more images right, and all of them are one person's.
    comparison = compared(*by_group([10, 0, 0, 0]))
    assert comparison["mcnemar_p"] is None
    assert comparison["permutation_p"] == 1
    assert comparison["low"] == 0
    assert not is_significant(comparison)


@pytest.mark.parametrize(("count", "p"), [(2, 2 / 4), (3, 2 / 8), (5, 2 / 32), (6, 2 / 64)])
def test_few_groups_are_never_significant(count, p):
    # The resamples all agree; of so many fair coins all fall on one side as often as this.
    comparison = compared(*by_group([1] * count))
    assert comparison["low"] == comparison["high"] == pytest.approx(0.1)
    assert comparison["permutation_p"] == pytest.approx(p)
    assert is_significant(comparison) == (count == 6)
    text = statistics(comparison)
    assert f"(permutation test of groups, p = {p:.3f}" in text
    assert ("not statistically significant" in text) == (count != 6)


def test_groups_of_one_image_give_nearly_mcnemars_p():
    scratch, transfer = models(both=70, only_scratch=5, only_transfer=20, neither=5)
    p = permutation_p(scratch.correct, transfer.correct, scratch.groups)
    assert p == pytest.approx(mcnemar_exact(5, 20), abs=0.003)
