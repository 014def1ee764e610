"""Two classes: the decision threshold that finds as many positives as asked for."""

from typing import TypedDict

import numpy as np

from convline.evaluation.bootstrap import Interval, intervals, totals
from convline.evaluation.metrics import OVERALL
from convline.records.predictions import Predictions


class Screening(TypedDict):
    """A threshold chosen on validation, and what it gives; None where there are no such images.

    Attributes:
        threshold: an image counts as positive from this probability on.
        validation_sensitivity: found positives of all, on the split it was chosen on.
        sensitivity: the same on the test split.
        specificity: negatives of the test split that stay below the threshold, of all.
        precision: positives among the images of the test split that reach it.
    """

    threshold: float
    validation_sensitivity: float
    sensitivity: float | None
    specificity: float | None
    precision: float | None


def choose_threshold(validation: Predictions, positive: int, sensitivity: float) -> float | None:
    """The highest threshold that finds this share of the positives; None without any.

    The highest one has the best specificity.
    """
    p = validation.probabilities[validation.labels == positive, positive]
    if not len(p):
        return None
    falling = np.sort(p)[::-1]
    found = np.arange(1, len(p) + 1) / len(p)
    return float(falling[np.argmax(found >= sensitivity)])


def screen(
    validation: Predictions, test: Predictions, positive: int, sensitivity: float
) -> Screening | None:
    """Choose the threshold on validation, and judge it on the test split."""
    threshold = choose_threshold(validation, positive, sensitivity)
    if threshold is None:
        return None
    flagged, is_positive = _flagged(test, positive, threshold), test.labels == positive
    return {
        "threshold": threshold,
        "validation_sensitivity": float(
            _flagged(validation, positive, threshold)[validation.labels == positive].mean()
        ),
        "sensitivity": _share(flagged, is_positive),
        "specificity": _share(~flagged, ~is_positive),
        "precision": _share(is_positive, flagged),
    }


def screening_intervals(
    test: Predictions, positive: int, threshold: float, weights: np.ndarray
) -> dict[tuple[str, str], Interval]:
    """95 % bootstrap intervals of sensitivity and specificity, the threshold being given."""
    flagged, is_positive = _flagged(test, positive, threshold), test.labels == positive
    resampled = {
        ("screening.sensitivity", OVERALL): _shares(flagged, is_positive, weights),
        ("screening.specificity", OVERALL): _shares(~flagged, ~is_positive, weights),
    }
    return intervals(resampled)


def _flagged(predictions: Predictions, positive: int, threshold: float) -> np.ndarray:
    return predictions.probabilities[:, positive] >= threshold


def _share(part: np.ndarray, whole: np.ndarray) -> float | None:
    return float(part[whole].mean()) if whole.any() else None


def _shares(part: np.ndarray, whole: np.ndarray, weights: np.ndarray) -> np.ndarray:
    counts, found = totals(weights, whole), totals(weights, part & whole)
    return np.divide(found, counts, out=np.full(len(weights), np.nan), where=counts > 0)
