"""Whether one model is better, against SciPy, statsmodels and examples worked out by hand."""

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.contingency_tables import mcnemar

from convline.evaluation.bootstrap import draw_weights
from convline.evaluation.model_comparison import (
    compare,
    describe,
    is_real,
    mcnemar_exact,
    permutation_p,
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


def test_a_clear_difference_is_said_to_be_no_chance():
    comparison = compared(*models(both=70, only_scratch=5, only_transfer=20, neither=5))
    text = describe(comparison, 100)
    assert is_real(comparison)
    assert text.startswith("Pre-trained features and a head: more accurate by 0.150 (95 % interval")
    assert "p = 0.004" in text
    assert text.endswith("on the 100 images of the test split; the difference is not chance.")


def test_the_better_model_is_named_and_the_interval_is_in_its_favour():
    text = describe(compared(*models(300, 60, 10, 30)), 400)
    assert text.startswith("CNN from scratch: more accurate by 0.125 (95 % interval 0.0")
    assert "p < 0.001" in text


def test_a_small_test_split_is_too_close_to_call():
    comparison = compared(*models(both=15, only_scratch=1, only_transfer=3, neither=1))
    text = describe(comparison, 20)
    assert not is_real(comparison)
    assert text.startswith("Too close to call: pre-trained features and a head is more accurate")
    assert "interval \N{MINUS SIGN}0." in text
    assert text.endswith("More test images would tell.")


def test_an_interval_that_mcnemars_test_does_not_support_is_not_enough():
    # Five of five: the percentile interval excludes 0, and p is 2 / 2**5.
    comparison = compared(*models(both=5, only_scratch=0, only_transfer=5, neither=0))
    assert comparison["low"] > 0
    assert comparison["mcnemar_p"] == pytest.approx(0.0625)
    assert not is_real(comparison)


def test_equal_accuracies_are_no_winner():
    text = describe(compared(*models(10, 4, 4, 2)), 20)
    assert "both are equally accurate on the 20 images" in text


def test_models_that_are_right_on_the_same_images_are_not_told_apart():
    comparison = compared(*models(10, 0, 0, 2))
    assert (comparison["low"], comparison["high"], comparison["mcnemar_p"]) == (0, 0, 1)
    assert "right on the same of the 12 images" in describe(comparison, 12)


def test_models_that_never_agree_differ():
    comparison = compared(*models(0, 0, 40, 0))
    assert (comparison["low"], comparison["high"]) == (1, 1)
    assert is_real(comparison)


def test_one_image_tells_nothing():
    comparison = compared(*models(0, 1, 0, 0))
    assert comparison["difference"] == -1
    assert comparison["low"] is comparison["high"] is None
    assert not is_real(comparison)
    assert "which may be chance" in describe(comparison, 1)


def by_group(gains):
    """Ten images a group; in each the second model is right on so many more."""
    labels, groups = [0] * 10 * len(gains), np.repeat([f"p{i}" for i in range(len(gains))], 10)
    right, wrong = [0.9, 0.1], [0.4, 0.6]
    rows = [row for gain in gains for row in [wrong] * gain + [right] * (10 - gain)]
    better = predictions(labels, [right] * len(labels), groups)
    return predictions(labels, rows, groups), better


def test_images_of_one_group_are_not_independent():
    # Ten more images right, and all of them are one person's.
    comparison = compared(*by_group([10, 0, 0, 0]))
    assert comparison["mcnemar_p"] is None
    assert comparison["permutation_p"] == 1
    assert comparison["low"] == 0
    assert not is_real(comparison)


@pytest.mark.parametrize(("count", "p"), [(2, 2 / 4), (3, 2 / 8), (5, 2 / 32), (6, 2 / 64)])
def test_few_groups_are_never_enough(count, p):
    # The resamples all agree; of so many fair coins all fall on one side as often as this.
    comparison = compared(*by_group([1] * count))
    assert comparison["low"] == comparison["high"] == pytest.approx(0.1)
    assert comparison["permutation_p"] == pytest.approx(p)
    assert is_real(comparison) == (count == 6)
    text = describe(comparison, 10 * count)
    assert f"permutation test of groups, p = {p:.3f}" in text
    assert ("not chance" in text) == (count == 6)


def test_groups_of_one_give_nearly_mcnemars_p():
    scratch, transfer = models(both=70, only_scratch=5, only_transfer=20, neither=5)
    p = permutation_p(scratch.correct, transfer.correct, scratch.groups)
    assert p == pytest.approx(mcnemar_exact(5, 20), abs=0.003)
