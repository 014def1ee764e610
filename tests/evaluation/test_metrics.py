"""The figures by which models are judged: by hand, and weighted ones against scikit-learn's."""

import math

import numpy as np
import pytest
import scipy.stats
from sklearn import metrics

from convline.evaluation.bootstrap import draw_weights, intervals, percentiles, resampled_scores
from convline.evaluation.calibration import BINS, expected_calibration_error
from convline.evaluation.metrics import OVERALL, overall, score
from tests.made_predictions import predictions, random_predictions

BINARY = predictions([0, 0, 1, 1], [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])


def test_two_classes_are_scored_for_the_positive_one():
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


def test_the_other_class_can_be_the_positive_one():
    scores = score(BINARY, positive=0)
    assert scores["precision", OVERALL] == scores["precision", "c0"] == 1
    assert scores["recall", OVERALL] == scores["recall", "c0"] == 1 / 2
    assert scores["recall", "c1"] == 1


def test_more_classes_are_averaged():
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


def test_the_calibration_error_of_a_worked_example():
    # Ten images at 0.95, eight of them right; ten at 0.55, six right: 0.15 and 0.05 off.
    confidence = np.repeat([0.95, 0.55], 10)
    correct = np.array([True] * 8 + [False] * 2 + [True] * 6 + [False] * 4)
    error = expected_calibration_error(confidence, correct, np.ones((1, 20)))
    assert error == pytest.approx([0.10])
    # Only those at 0.95; then none of the wrong ones.
    weights = np.stack([np.repeat([1, 0], 10), correct.astype(float)])
    error = expected_calibration_error(confidence, correct, weights)
    assert error == pytest.approx([0.15, (8 * 0.05 + 6 * 0.45) / 14])


def test_bins_hold_their_upper_bounds_as_those_of_guo_et_al():
    bounds = np.arange(1, BINS + 1) / BINS
    correct = np.zeros(BINS, bool)
    # Alone in its bin each is off by its confidence.
    assert expected_calibration_error(bounds, correct, np.ones((1, BINS))) == pytest.approx(
        bounds.mean()
    )


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_all_weights_one_gives_the_scores_themselves(classes, positive):
    some = random_predictions(60, classes, seed=classes)
    scores = score(some, positive)
    weighted = resampled_scores(some, np.ones((1, 60)), positive)
    assert {name: pytest.approx(value[0]) for name, value in weighted.items()} == scores


@pytest.mark.parametrize("classes", [2, 6])
def test_weighted_scores_are_those_of_scikit_learn(classes):
    some = random_predictions(80, classes, seed=classes)
    y, p, said = some.labels, some.probabilities, some.predicted
    weights = np.random.default_rng(0).integers(0, 4, (20, 80))
    ours = resampled_scores(some, weights, positive=1)
    for row, w in enumerate(weights):
        options = {"sample_weight": w}
        macro = {**options, "average": "macro", "zero_division": 0}
        one = [1] if classes == 2 else range(classes)
        expected = {
            "accuracy": metrics.accuracy_score(y, said, **options),
            "balanced_accuracy": metrics.balanced_accuracy_score(y, said, **options),
            "loss": metrics.log_loss(y, p, **options),
            "roc_auc": np.mean([metrics.roc_auc_score(y == k, p[:, k], **options) for k in one]),
            "average_precision": np.mean(
                [metrics.average_precision_score(y == k, p[:, k], **options) for k in one]
            ),
        }
        suffix = "_macro" if classes == 2 else ""
        expected[f"precision{suffix}"] = metrics.precision_score(y, said, **macro)
        expected[f"recall{suffix}"] = metrics.recall_score(y, said, **macro)
        expected[f"f1{suffix}"] = metrics.f1_score(y, said, **macro)
        if classes == 2:
            expected["brier_score_loss"] = metrics.brier_score_loss(y, p[:, 1], **options)
            expected["f1"] = metrics.f1_score(y, said, **options)
        else:
            expected["brier_score_loss"] = metrics.brier_score_loss(y, p, **options)
            expected["top_5_accuracy"] = metrics.top_k_accuracy_score(y, p, k=5, **options)
        for name, value in expected.items():
            assert ours[name, OVERALL][row] == pytest.approx(value), name


def test_the_interval_is_that_of_scipys_bootstrap():
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


def test_groups_are_drawn_whole_and_widen_the_interval():
    correct = np.repeat(np.random.default_rng(0).random(40) < 0.7, 10)
    groups = np.repeat([f"person{i}" for i in range(40)], 10)
    weights = draw_weights(groups, 2000, seed=0)
    assert (weights.reshape(2000, 40, 10) == weights.reshape(2000, 40, 10)[:, :, :1]).all()
    assert (weights.sum(axis=1) == 400).all()
    values = weights @ correct / 400
    # As of 40 images, not of 400: the standard error of a share (Davison and Hinkley 1997, 2.4).
    share = correct.mean()
    assert values.std() == pytest.approx(math.sqrt(share * (1 - share) / 40), rel=0.1)


def test_resamples_repeat_by_seed():
    groups = np.arange(9).astype(str)
    assert np.array_equal(draw_weights(groups, 100, 1), draw_weights(groups, 100, 1))
    assert not np.array_equal(draw_weights(groups, 100, 1), draw_weights(groups, 100, 2))


def judged(some):
    """Scores and intervals of predictions that tell little."""
    resampled = resampled_scores(some, draw_weights(some.groups, 200, seed=0), positive=1)
    return overall(score(some, positive=1)), intervals(resampled)


def test_of_one_class_no_ranking_is_known_and_all_else_is():
    scores, spans = judged(predictions([0, 0, 0], [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]))
    assert scores["roc_auc"] is scores["average_precision"] is scores["precision"] is None
    assert scores["accuracy"] == scores["balanced_accuracy"] == pytest.approx(2 / 3)
    assert math.isnan(spans["roc_auc", OVERALL][0])
    low, high = spans["accuracy", OVERALL]
    assert 0 <= low < 2 / 3 < high <= 1


@pytest.mark.parametrize("classes", [2, 3, 8])
def test_one_image_has_scores_and_no_interval(classes):
    scores, spans = judged(random_predictions(1, classes, seed=0, skill=9))
    assert scores["accuracy"] == 1
    assert scores["roc_auc"] is None
    assert all(math.isnan(low) and math.isnan(high) for low, high in spans.values())


def test_one_group_has_no_interval():
    _, spans = judged(random_predictions(20, 2, seed=0, groups=["person1"] * 20))
    assert all(math.isnan(low) for low, _ in spans.values())


def test_a_perfect_model_has_no_interval_of_no_width():
    labels = np.array([0, 1] * 10)
    scores, spans = judged(predictions(labels, np.eye(2)[labels]))
    assert scores["accuracy"] == scores["roc_auc"] == scores["average_precision"] == 1
    assert scores["loss"] == pytest.approx(0, abs=1e-12)
    assert scores["brier_score_loss"] == scores["expected_calibration_error"] == 0
    assert math.isnan(spans["accuracy", OVERALL][0])


def test_a_model_that_ranks_nothing_is_as_good_as_chance():
    scores, _ = judged(predictions([0, 1, 0, 1], np.full((4, 2), 0.5)))
    assert scores["roc_auc"] == scores["average_precision"] == scores["accuracy"] == 0.5


def test_a_class_without_images_is_left_out_of_averages():
    some = predictions([0, 0, 1, 1], np.eye(3)[[0, 2, 1, 1]] * 0.7 + 0.1)
    scores, spans = judged(some)
    assert scores["recall"] == scores["balanced_accuracy"] == (1 / 2 + 1) / 2
    assert scores["precision"] == 1
    assert math.isnan(score(some, 1)["recall", "c2"])
    assert math.isnan(spans["recall", "c2"][0])


def test_what_most_resamples_leave_undefined_has_no_interval():
    values = np.array([np.nan] * 51 + [0.5] * 25 + [0.7] * 24)
    assert math.isnan(percentiles(values)[0])
    assert percentiles(values[2:]) == (0.5, 0.7)
