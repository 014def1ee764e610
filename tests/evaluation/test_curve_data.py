"""Data of the plots: ROC, precision-recall and reliability curves."""

import numpy as np
import pytest

from convline.evaluation.curve_data import precision_recall_curve, reliability_curve, roc_curve
from tests.made_predictions import predictions

BINARY = predictions([0, 0, 1, 1], [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])


def test_curves_of_a_perfect_ranking_go_through_the_corner():
    curve = roc_curve(BINARY, positive=1)
    assert curve.iloc[0].tolist() == [0, 0]
    assert (curve.true_positive_rate[1:] == 1).all()
    assert curve.false_positive_rate.iloc[-1] == 1
    assert (precision_recall_curve(BINARY, positive=1).precision == 1).all()


def test_precision_is_a_step_function_of_recall():
    p = np.array([0.9, 0.8, 0.7, 0.6])
    curve = precision_recall_curve(predictions([1, 0, 1, 0], np.stack([1 - p, p], axis=1)), 1)
    at = curve.set_index("recall").precision
    # The first of two positives comes without, the second with one false alarm.
    assert at[0.5] == 1
    assert at[0.505] == at[1.0] == pytest.approx(2 / 3)


def test_curves_of_a_single_class_have_no_points():
    one_class = predictions([0, 0], [[0.9, 0.1], [0.8, 0.2]])
    assert len(roc_curve(one_class, positive=1)) == 0
    assert len(precision_recall_curve(one_class, positive=1)) == 0


def test_the_reliability_curve_counts_each_image_once():
    curve = reliability_curve(BINARY)
    assert curve.images.sum() == 4
    assert curve.confidence.tolist() == [0.6, 0.7, 0.8, 0.9]
    assert curve.accuracy.tolist() == [0, 1, 1, 1]
