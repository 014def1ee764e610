"""The figures by which both models are judged, against values worked out by hand."""

import numpy as np
import pytest

from stages import evaluate

LABELS = np.array([0, 0, 1, 1])
BINARY = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])


def test_two_classes_are_scored_for_the_second():
    scores = evaluate.score(LABELS, BINARY)
    assert scores["accuracy"] == 3 / 4
    assert scores["precision"] == pytest.approx(2 / 3)
    assert scores["recall"] == 1
    assert scores["f1"] == pytest.approx(4 / 5)
    assert scores["roc_auc"] == 1
    assert scores["loss"] == pytest.approx(-np.mean(np.log([0.9, 0.4, 0.7, 0.8])))


def test_more_classes_are_averaged():
    labels = np.array([0, 1, 2, 2])
    scores = evaluate.score(labels, np.eye(3)[[0, 1, 2, 1]] * 0.7 + 0.1)
    assert scores["accuracy"] == 3 / 4
    assert scores["precision"] == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert scores["recall"] == pytest.approx((1 + 1 + 1 / 2) / 3)
    # Class 0 and 1: all pairs in order but for one tie of each; class 2: one of four is a tie.
    assert scores["roc_auc"] == pytest.approx((1 + 5 / 6 + 3 / 4) / 3)


def test_a_sigmoid_becomes_two_columns_and_a_softmax_adds_up_to_one():
    sigmoid = evaluate.both_columns(np.array([[0.25], [0.75]], np.float32))
    assert sigmoid.tolist() == [[0.75, 0.25], [0.25, 0.75]]
    softmax = evaluate.both_columns(np.array([[0.3, 0.3, 0.4]], np.float32))
    assert softmax.dtype == np.float64
    assert softmax.sum() == pytest.approx(1, abs=1e-15)


def test_the_roc_curve_of_a_perfect_ranking_goes_through_the_corner():
    curve = evaluate.roc_curve(LABELS, BINARY)
    assert curve.iloc[0].tolist() == [0, 0]
    assert (curve.true_positive_rate[1:] == 1).all()
    assert curve.false_positive_rate.iloc[-1] == 1


def test_the_sentence_says_which_is_better_and_by_how_much():
    scores = {"scratch": {"accuracy": 0.5}, "transfer": {"accuracy": 0.75}}
    text = evaluate.describe(scores, 400)
    assert "pre-trained features and a head: more accurate by 0.2500 on the 400 images" in text
    assert "equally accurate" in evaluate.describe(
        {"scratch": {"accuracy": 1}, "transfer": {"accuracy": 1}}, 4
    )
