"""The decision threshold of two classes."""

import numpy as np
import pytest
from sklearn.metrics import recall_score

from convline.evaluation.bootstrap import draw_weights
from convline.evaluation.metrics import OVERALL
from convline.evaluation.threshold import choose_threshold, screen, screening_intervals
from tests.made_predictions import predictions, random_predictions

POSITIVES = [0.9, 0.8, 0.6, 0.4, 0.2]
NEGATIVES = [0.7, 0.3, 0.1, 0.1]
P = np.array(POSITIVES + NEGATIVES)
VALIDATION = predictions([1] * 5 + [0] * 4, np.stack([1 - P, P], axis=1))


@pytest.mark.parametrize(
    ("sensitivity", "threshold"), [(0.1, 0.9), (0.4, 0.8), (0.41, 0.6), (0.8, 0.4), (1.0, 0.2)]
)
def test_it_is_the_highest_that_finds_enough(sensitivity, threshold):
    assert choose_threshold(VALIDATION, 1, sensitivity) == threshold


def test_equal_probabilities_are_on_one_side():
    p = np.array([0.5, 0.5, 0.5, 0.5])
    even = predictions([1, 1, 0, 0], np.stack([1 - p, p], axis=1))
    found = screen(even, even, 1, 0.5)
    assert found["sensitivity"] == 1
    assert found["specificity"] == 0


def test_it_is_chosen_on_validation_and_judged_on_test():
    test = predictions([1, 1, 0, 0, 0], [[0.1, 0.9], [0.7, 0.3], [0.5, 0.5], [0.6, 0.4], [1, 0]])
    assert screen(VALIDATION, test, 1, 0.8) == {
        "threshold": 0.4,
        "validation_sensitivity": 0.8,
        "sensitivity": 0.5,
        "specificity": pytest.approx(1 / 3),
        "precision": pytest.approx(1 / 3),
    }


def test_the_other_class_can_be_the_one_to_find():
    found = screen(VALIDATION, VALIDATION, 0, 0.75)
    assert found["threshold"] == pytest.approx(0.7)
    assert found["sensitivity"] == 0.75
    assert found["specificity"] == 0.8


@pytest.mark.parametrize("sensitivity", [0.5, 0.8, 0.95, 1.0])
def test_the_next_higher_probability_would_find_too_few(sensitivity):
    some = random_predictions(90, 2, seed=1)
    threshold = choose_threshold(some, 1, sensitivity)
    p = some.probabilities[:, 1]
    assert recall_score(some.labels, p >= threshold) >= sensitivity
    assert recall_score(some.labels, p > threshold) < sensitivity


def test_without_positives_there_is_none():
    one_class = predictions([0, 0], [[0.9, 0.1], [0.8, 0.2]])
    assert screen(one_class, VALIDATION, 1, 0.9) is None
    found = screen(VALIDATION, one_class, 1, 0.8)
    assert found["sensitivity"] is found["precision"] is None
    assert found["specificity"] == 1


def test_its_intervals_contain_the_scores():
    some = random_predictions(200, 2, seed=3)
    found = screen(some, some, 1, 0.9)
    weights = draw_weights(some.groups, 500, seed=0)
    spans = screening_intervals(some, 1, found["threshold"], weights)
    for name in ("sensitivity", "specificity"):
        low, high = spans[f"screening.{name}", OVERALL]
        assert low < found[name] < high
