"""Choose, for two classes, the decision threshold that finds the requested share of positives."""

from typing import TypedDict

import numpy as np

from convline.evaluation.bootstrap import Interval, intervals, totals
from convline.evaluation.metrics import OVERALL
from convline.records.predictions import Predictions


class Screening(TypedDict):
    """A threshold chosen on validation and its results; None where there are no such images.

    Attributes:
        threshold: images with at least this probability count as positive.
        validation_sensitivity: share of the positives found on validation.
        sensitivity: share of the positives found on the test split.
        specificity: share of the negatives of the test split below the threshold.
        precision: share of positives among the images of the test split at or above it.
    """

    threshold: float
    validation_sensitivity: float
    sensitivity: float | None
    specificity: float | None
    precision: float | None


def choose_threshold(validation: Predictions, positive: int, sensitivity: float) -> float | None:
    """Return the highest threshold that finds this share of the positives; None if there are none.

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
    """Choose the threshold on validation and score it on the test split."""
    threshold = choose_threshold(validation, positive, sensitivity)
    if threshold is None:
        return None
    flagged, is_positive = _flagged(test, positive, threshold), test.labels == positive
    found = _flagged(validation, positive, threshold)[validation.labels == positive]
    return {
        "threshold": threshold,
        "validation_sensitivity": float(found.mean()),
        "sensitivity": _share(flagged, is_positive),
        "specificity": _share(~flagged, ~is_positive),
        "precision": _share(is_positive, flagged),
    }


def screening_intervals(
    test: Predictions, positive: int, threshold: float, weights: np.ndarray
) -> dict[tuple[str, str], Interval]:
    """Return 95 % bootstrap intervals of sensitivity and specificity at a fixed threshold."""
    flagged, is_positive = _flagged(test, positive, threshold), test.labels == positive
    resampled = {
        ("screening.sensitivity", OVERALL): _shares(flagged, is_positive, weights),
        ("screening.specificity", OVERALL): _shares(~flagged, ~is_positive, weights),
    }
    return intervals(resampled)


def _flagged(predictions: Predictions, positive: int, threshold: float) -> np.ndarray:
    return predictions.probabilities[:, positive] >= threshold


def _share(part: np.ndarray, whole: np.ndarray) -> float | None:
    share = float(_shares(part, whole, np.ones((1, len(whole))))[0])
    return None if np.isnan(share) else share


def _shares(part: np.ndarray, whole: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the share of `part` in `whole` for each row of weights; NaN where that is empty."""
    counts, found = totals(weights, whole), totals(weights, part & whole)
    return np.divide(found, counts, out=np.full(len(weights), np.nan), where=counts > 0)
