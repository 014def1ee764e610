"""Whether a metric moved by more than chance: the 95 % interval of the difference."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from convline.evaluation.bootstrap import draw_weights, percentiles, resampled_scores
from convline.evaluation.metrics import OVERALL
from convline.evaluation.model_comparison import ALPHA
from convline.evaluation.titles import MODELS
from convline.pull_requests.revision_states import State, section
from convline.records.predictions import Predictions

N_RESAMPLES = 2000
SEED = 0
# What can be told from the predicted classes alone.
OF_CLASSES = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")
# Resamples of a figure that is never below zero lie above it: no interval to reckon with.
BIASED = "expected_calibration_error"
TINY = 1e-12
Interval = tuple[float, float]


@dataclass(frozen=True)
class Difference:
    """How far apart two commits are: the 95 % interval, and whether that is more than noise."""

    low: float
    high: float
    real: bool


def differences(before: State, after: State) -> dict[str, Difference]:
    """The differences, after less before, by `model.score`.

    Scores of the predicted classes are compared image by image: the interval has both commits on
    the same resamples of the test split, and a randomization test must agree, since a handful of
    images can fall on one side by chance. Of the other scores, and where images come in groups,
    Git has the intervals alone: these are combined as if the commits had been tested on different
    images, which makes them too wide, so that what is called beyond noise is so all the more.
    """
    return {**_combined(before.scores, after.scores), **_paired(before, after)}


def combine(before: tuple[float, float, float], after: tuple[float, float, float]) -> Interval:
    """The interval of a difference from those of both figures, which are independent.

    MOVER, the method of variance estimates recovery (Zou and Donner 2008), as Newcombe (1998,
    method 10) uses it for shares.

    Args:
        before: value, low, high.
        after: the same.
    """
    (a, a_low, a_high), (b, b_low, b_high) = before, after
    difference = b - a
    return (
        difference - math.hypot(max(b - b_low, 0), max(a_high - a, 0)),
        difference + math.hypot(max(b_high - b, 0), max(a - a_low, 0)),
    )


def _combined(
    before: Mapping[str, tuple[float, float, float]],
    after: Mapping[str, tuple[float, float, float]],
) -> dict[str, Difference]:
    names = [name for name in before.keys() & after.keys() if not name.endswith(BIASED)]
    spans = {name: combine(before[name], after[name]) for name in names}
    return {
        name: Difference(low, high, low > 0 or high < 0)
        for name, (low, high) in spans.items()
        if not math.isnan(low + high)
    }


def _paired(before: State, after: State) -> dict[str, Difference]:
    if _grouped(before) or _grouped(after) or before.classes != after.classes:
        return {}
    positive = after.classes.index(after.positive) if after.positive in after.classes else 1
    found = {}
    for model in MODELS:
        first, second = before.said.get(model), after.said.get(model)
        if first is None or second is None or not first["actual"].equals(second["actual"]):
            continue
        if not {*first.to_numpy().flat, *second.to_numpy().flat} <= {*after.classes}:
            continue
        one, other = (_as_predictions(table, after.classes) for table in (first, second))
        for name, difference in _differences(one, other, positive).items():
            found[f"{model}.{name}"] = difference
    return found


def _differences(one: Predictions, other: Predictions, positive: int) -> dict[str, Difference]:
    """The bootstrap interval of each score of the predicted classes, and the randomization test.

    The test (Noreen 1989; Yeh 2000) swaps the two commits' predictions of each image with the toss
    of a coin: how often is the difference as large as the one that was found?
    """
    n = len(one.labels)
    weights = draw_weights(one.groups, N_RESAMPLES, SEED)
    old, new = (resampled_scores(p, weights, positive) for p in (one, other))
    both = _joined(one, other)
    # The first row is what was found: nothing swapped.
    swapped = np.random.default_rng(SEED).integers(0, 2, (N_RESAMPLES, n), np.uint16)
    swapped[0] = 0
    kept = 1 - swapped
    left = resampled_scores(both, np.hstack([kept, swapped]), positive)
    right = resampled_scores(both, np.hstack([swapped, kept]), positive)
    found = {}
    for name, label in old:
        if label != OVERALL or name.removesuffix("_macro") not in OF_CLASSES:
            continue
        low, high = percentiles(new[name, label] - old[name, label])
        by_chance = np.abs(right[name, label] - left[name, label])
        p = float((by_chance >= by_chance[0] - TINY).mean())
        if not math.isnan(low):
            found[name] = Difference(low, high, (low > 0 or high < 0) and p < ALPHA)
    return found


def _joined(one: Predictions, other: Predictions) -> Predictions:
    """The images of both, one after the other."""
    return Predictions(
        one.classes,
        np.concatenate([one.keys, other.keys]),
        np.concatenate([one.groups, other.groups]),
        np.concatenate([one.labels, other.labels]),
        np.concatenate([one.probabilities, other.probabilities]),
    )


def _as_predictions(table: pd.DataFrame, classes: list[str]) -> Predictions:
    """Predictions that are sure of the class that was said."""
    labels, said = (table[column].map(classes.index).to_numpy(int) for column in table)
    keys = np.arange(len(table)).astype(str)
    return Predictions(classes, keys, keys, labels, np.eye(len(classes))[said])


def _grouped(state: State) -> bool:
    return bool(section(state.params, "organize").get("group_pattern"))
