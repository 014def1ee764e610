"""Scores computed by hand and by scikit-learn, and bootstrap intervals."""

import math

import numpy as np
import pytest
import scipy.stats
from sklearn import metrics

from convline.evaluation.bootstrap import draw_weights, intervals, percentiles, resampled_scores
from convline.evaluation.calibration import BINS, expected_calibration_error
from convline.evaluation.metrics import OVERALL, overall, score, weighted_scores
from tests.made_predictions import predictions, random_predictions

BINARY = predictions([0, 0, 1, 1], [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])


def test_two_classes_are_scored_for_the_positive_class():
    scores = overall(score(BINARY, positive=1))
    assert scores["accuracy"] == scores["balanced_accuracy"] == 3 / 4
    assert scores["precision"] == pytest.approx(2 / 3)
    assert scores["recall"] == 1
    assert scores["f1"] == pytest.approx(4 / 5)
    assert scores["precision_macro"] == pytest.approx((1 + 2 / 3) / 2)
    assert scores["roc_auc"] == scores["average_precision"] == 1
    assert scores["loss"] == pytest.approx(-np.mean(np.log([0.9, 0.4, 0.7, 0.8])))
    assert scores["brier_score_loss"] == pytest.approx(np.mean([0.01, 0.36, 0.09, 0.04]))
    assert "top_5_accuracy" not in scores


def test_the_first_class_can_be_positive():
    scores = score(BINARY, positive=0)
    assert scores["precision", OVERALL] == scores["precision", "c0"] == 1
    assert scores["recall", OVERALL] == scores["recall", "c0"] == 1 / 2
    assert scores["recall", "c1"] == 1


def test_more_than_two_classes_are_averaged():
    more = predictions([0, 1, 2, 2], np.eye(3)[[0, 1, 2, 1]] * 0.7 + 0.1)
    scores = score(more, positive=1)
    assert scores["accuracy", OVERALL] == 3 / 4
    assert scores["precision", OVERALL] == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert scores["recall", OVERALL] == pytest.approx((1 + 1 + 1 / 2) / 3)
    assert scores["recall", "c2"] == 1 / 2
    # Class 0 and 1: all pairs in order but for one tie of each; class 2: one of four is a tie.
    assert scores["roc_auc", OVERALL] == pytest.approx((1 + 5 / 6 + 3 / 4) / 3)
    # Squared errors of a row that is right: 0.2, 0.1, 0.1; wrong: 0.8, 0.9, 0.1.
    assert scores["brier_score_loss", OVERALL] == pytest.approx((3 * 0.06 + 1.46) / 4)


def test_calibration_error_of_a_worked_example():
    # Ten images at 0.95, eight of them right; ten at 0.55, six right: 0.15 and 0.05 off.
    confidence = np.repeat([0.95, 0.55], 10)
    correct = np.array([True] * 8 + [False] * 2 + [True] * 6 + [False] * 4)
    error = expected_calibration_error(confidence, correct, np.ones((1, 20)))
    assert error == pytest.approx([0.10])
    # Only those at 0.95; then none of the wrong ones.
    weights = np.stack([np.repeat([1, 0], 10), correct.astype(float)])
    error = expected_calibration_error(confidence, correct, weights)
    assert error == pytest.approx([0.15, (8 * 0.05 + 6 * 0.45) / 14])


def test_bins_include_their_upper_bound_as_in_guo_et_al():
    bounds = np.arange(1, BINS + 1) / BINS
    correct = np.zeros(BINS, bool)
    # Each is alone in its bin and off by its confidence.
    assert expected_calibration_error(bounds, correct, np.ones((1, BINS))) == pytest.approx(
        bounds.mean()
    )


@pytest.mark.parametrize("classes", [2, 6])
def test_scores_equal_those_of_scikit_learn_for_any_weights(classes):
    some = random_predictions(80, classes, seed=classes)
    y, p, predicted = some.labels, some.probabilities, some.predicted
    weights = np.random.default_rng(0).integers(0, 4, (20, 80))
    weights[0] = 1
    ours = weighted_scores(some, weights, positive=1)
    plain = {name: values[0] for name, values in ours.items()}
    assert score(some, positive=1) == pytest.approx(plain, abs=1e-15, nan_ok=True)
    for row, w in enumerate(weights):
        options = {"sample_weight": w}
        macro = {**options, "average": "macro", "zero_division": 0}
        one = [1] if classes == 2 else range(classes)
        expected = {
            "accuracy": metrics.accuracy_score(y, predicted, **options),
            "balanced_accuracy": metrics.balanced_accuracy_score(y, predicted, **options),
            "loss": metrics.log_loss(y, p, **options),
            "roc_auc": np.mean([metrics.roc_auc_score(y == k, p[:, k], **options) for k in one]),
            "average_precision": np.mean(
                [metrics.average_precision_score(y == k, p[:, k], **options) for k in one]
            ),
        }
        suffix = "_macro" if classes == 2 else ""
        expected[f"precision{suffix}"] = metrics.precision_score(y, predicted, **macro)
        expected[f"recall{suffix}"] = metrics.recall_score(y, predicted, **macro)
        expected[f"f1{suffix}"] = metrics.f1_score(y, predicted, **macro)
        if classes == 2:
            expected["brier_score_loss"] = metrics.brier_score_loss(y, p[:, 1], **options)
            expected["f1"] = metrics.f1_score(y, predicted, **options)
        else:
            expected["brier_score_loss"] = metrics.brier_score_loss(y, p, **options)
            expected["top_5_accuracy"] = metrics.top_k_accuracy_score(y, p, k=5, **options)
        for name, value in expected.items():
            assert ours[name, OVERALL][row] == pytest.approx(value, abs=1e-12), name


def test_intervals_equal_those_of_scipys_bootstrap():
    some = random_predictions(150, 2, seed=5)
    ours = intervals(resampled_scores(some, draw_weights(some.groups, 4000, 1), 1))
    rng = np.random.default_rng(2)

    def bootstrap(statistic, *data):
        result = scipy.stats.bootstrap(
            data, statistic, paired=True, vectorized=False, method="percentile", rng=rng,
            n_resamples=1500,
        )  # fmt: skip
        return tuple(result.confidence_interval)

    accuracy = bootstrap(np.mean, some.correct.astype(float))
    # Both are random: a percentile of 1,500 and 4,000 resamples is known to some 0.006.
    assert ours["accuracy", OVERALL] == pytest.approx(accuracy, abs=0.015)
    auc = bootstrap(metrics.roc_auc_score, some.labels, some.probabilities[:, 1])
    assert ours["roc_auc", OVERALL] == pytest.approx(auc, abs=0.015)


def test_whole_groups_are_drawn_which_widens_intervals():
    correct = np.repeat(np.random.default_rng(0).random(40) < 0.7, 10)
    groups = np.repeat([f"person{i}" for i in range(40)], 10)
    weights = draw_weights(groups, 2000, seed=0)
    assert (weights.reshape(2000, 40, 10) == weights.reshape(2000, 40, 10)[:, :, :1]).all()
    assert (weights.sum(axis=1) == 400).all()
    values = weights @ correct / 400
    # As of 40 images, not of 400: the standard error of a share (Davison and Hinkley 1997, 2.4).
    share = correct.mean()
    assert values.std() == pytest.approx(math.sqrt(share * (1 - share) / 40), rel=0.1)


def test_a_seed_determines_the_resamples():
    groups = np.arange(9).astype(str)
    assert np.array_equal(draw_weights(groups, 100, 1), draw_weights(groups, 100, 1))
    assert not np.array_equal(draw_weights(groups, 100, 1), draw_weights(groups, 100, 2))


def scores_and_intervals(some):
    resampled = resampled_scores(some, draw_weights(some.groups, 200, seed=0), positive=1)
    return overall(score(some, positive=1)), intervals(resampled)


def test_a_single_class_leaves_only_ranking_scores_undefined():
    scores, spans = scores_and_intervals(
        predictions([0, 0, 0], [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    )
    assert scores["roc_auc"] is scores["average_precision"] is scores["precision"] is None
    assert scores["accuracy"] == scores["balanced_accuracy"] == pytest.approx(2 / 3)
    assert math.isnan(spans["roc_auc", OVERALL][0])
    low, high = spans["accuracy", OVERALL]
    assert 0 <= low < 2 / 3 < high <= 1


@pytest.mark.parametrize("classes", [2, 3, 8])
def test_one_image_has_scores_but_no_interval(classes):
    scores, spans = scores_and_intervals(random_predictions(1, classes, seed=0, skill=9))
    assert scores["accuracy"] == 1
    assert scores["roc_auc"] is None
    assert all(math.isnan(low) and math.isnan(high) for low, high in spans.values())


def test_one_group_has_no_interval():
    _, spans = scores_and_intervals(random_predictions(20, 2, seed=0, groups=["person1"] * 20))
    assert all(math.isnan(low) for low, _ in spans.values())


def test_a_perfect_model_has_no_interval():
    labels = np.array([0, 1] * 10)
    scores, spans = scores_and_intervals(predictions(labels, np.eye(2)[labels]))
    assert scores["accuracy"] == scores["roc_auc"] == scores["average_precision"] == 1
    assert scores["loss"] == pytest.approx(0, abs=1e-12)
    assert scores["brier_score_loss"] == scores["expected_calibration_error"] == 0
    assert math.isnan(spans["accuracy", OVERALL][0])


def test_equal_probabilities_give_the_scores_of_guessing():
    scores, _ = scores_and_intervals(predictions([0, 1, 0, 1], np.full((4, 2), 0.5)))
    assert scores["roc_auc"] == scores["average_precision"] == scores["accuracy"] == 0.5


def test_a_class_without_images_is_left_out_of_averages():
    some = predictions([0, 0, 1, 1], np.eye(3)[[0, 2, 1, 1]] * 0.7 + 0.1)
    scores, spans = scores_and_intervals(some)
    assert scores["recall"] == scores["balanced_accuracy"] == (1 / 2 + 1) / 2
    assert scores["precision"] == 1
    assert math.isnan(score(some, 1)["recall", "c2"])
    assert math.isnan(spans["recall", "c2"][0])


def test_scores_that_most_resamples_leave_undefined_have_no_interval():
    values = np.array([np.nan] * 51 + [0.5] * 25 + [0.7] * 24)
    assert math.isnan(percentiles(values)[0])
    assert percentiles(values[2:]) == (0.5, 0.7)
