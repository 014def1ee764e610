"""The 95 % interval of a metric's difference between two commits, and its significance."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from convline.evaluation.bootstrap import draw_weights, percentiles, resampled_scores
from convline.evaluation.display_names import MODELS
from convline.evaluation.metrics import OVERALL
from convline.evaluation.model_comparison import ALPHA
from convline.evaluation.positive_class import positive_label
from convline.pull_requests.revision_results import Estimate, Results
from convline.records.predictions import Predictions

N_RESAMPLES = 2000
SEED = 0
# Scores that depend only on the predicted classes.
CLASS_SCORES = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")
# Never below zero, so its resamples are biased upwards and their interval cannot be combined.
BIASED = "expected_calibration_error"
TOLERANCE = 1e-12
Interval = tuple[float, float]


@dataclass(frozen=True)
class Difference:
    """The 95 % interval of a difference, after minus before.

    Attributes:
        low: lower end.
        high: upper end.
        significant: the difference is statistically significant at the level of 0.05.
    """

    low: float
    high: float
    significant: bool


def differences(before: Results, after: Results) -> dict[str, Difference]:
    """Return the differences by `model.score`.

    Scores of the predicted classes are compared image by image: both commits are scored on the same
    resamples of the test split, and a randomization test must agree, because the bootstrap alone
    calls a handful of changed images significant. For other scores, and if images come in groups,
    Git holds only the intervals of both commits. They are combined as if the commits had been
    tested on different images: the interval is wider and the verdict conservative.
    """
    return {**_combined(before.scores, after.scores), **_paired(before, after)}


def combine(before: Estimate, after: Estimate) -> Interval:
    """Return the interval of the difference of two independent estimates.

    MOVER, the method of variance estimates recovery (Zou and Donner 2008), which Newcombe (1998,
    method 10) uses for proportions.

    Args:
        before: value, low, high.
        after: value, low, high.
    """
    (a, a_low, a_high), (b, b_low, b_high) = before, after
    difference = b - a
    return (
        difference - math.hypot(max(b - b_low, 0), max(a_high - a, 0)),
        difference + math.hypot(max(b_high - b, 0), max(a - a_low, 0)),
    )


def _combined(
    before: Mapping[str, Estimate], after: Mapping[str, Estimate]
) -> dict[str, Difference]:
    names = [name for name in before.keys() & after.keys() if not name.endswith(BIASED)]
    spans = {name: combine(before[name], after[name]) for name in names}
    return {
        name: Difference(low, high, low > 0 or high < 0)
        for name, (low, high) in spans.items()
        if not math.isnan(low + high)
    }


def _paired(before: Results, after: Results) -> dict[str, Difference]:
    if before.grouped or after.grouped or before.classes != after.classes:
        return {}
    positive = positive_label(after.classes, after.positive)
    found = {}
    for model in MODELS:
        old, new = before.predictions.get(model), after.predictions.get(model)
        if old is None or new is None or not old["actual"].equals(new["actual"]):
            continue
        if not {*old.to_numpy().flat, *new.to_numpy().flat} <= {*after.classes}:
            continue
        first, second = (_as_predictions(table, after.classes) for table in (old, new))
        for name, difference in _paired_differences(first, second, positive).items():
            found[f"{model}.{name}"] = difference
    return found


def _paired_differences(
    before: Predictions, after: Predictions, positive: int
) -> dict[str, Difference]:
    """Return the bootstrap interval of each class score, tested by randomization.

    The test (Noreen 1989; Yeh 2000) swaps the two predictions of each image with probability 0.5.
    Its p-value is the share of swaps with a difference at least as large as the observed one.
    """
    n = len(after.labels)
    weights = draw_weights(after.groups, N_RESAMPLES, SEED)
    old, new = (resampled_scores(p, weights, positive) for p in (before, after))
    both = _joined(before, after)
    # Row 0 is the observed difference: nothing is swapped.
    swapped = np.random.default_rng(SEED).integers(0, 2, (N_RESAMPLES, n), np.uint16)
    swapped[0] = 0
    kept = 1 - swapped
    left = resampled_scores(both, np.hstack([kept, swapped]), positive)
    right = resampled_scores(both, np.hstack([swapped, kept]), positive)
    found = {}
    for name, label in old:
        if label != OVERALL or name.removesuffix("_macro") not in CLASS_SCORES:
            continue
        low, high = percentiles(new[name, label] - old[name, label])
        randomized = np.abs(right[name, label] - left[name, label])
        p = float((randomized >= randomized[0] - TOLERANCE).mean())
        if not math.isnan(low):
            found[name] = Difference(low, high, (low > 0 or high < 0) and p < ALPHA)
    return found


def _joined(before: Predictions, after: Predictions) -> Predictions:
    """Return the images of both, one after the other."""
    return Predictions(
        before.classes,
        np.concatenate([before.keys, after.keys]),
        np.concatenate([before.groups, after.groups]),
        np.concatenate([before.labels, after.labels]),
        np.concatenate([before.probabilities, after.probabilities]),
    )


def _as_predictions(table: pd.DataFrame, classes: list[str]) -> Predictions:
    """Return predictions with probability 1 for the predicted class."""
    labels, predicted = (table[column].map(classes.index).to_numpy(int) for column in table)
    keys = np.arange(len(table)).astype(str)
    return Predictions(classes, keys, keys, labels, np.eye(len(classes))[predicted])
