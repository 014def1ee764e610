"""Whether a metric moved by more than chance: the 95 % interval of the difference."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from stages.evaluation.predictions import Predictions
from stages.evaluation.resampling import draw_weights, percentiles, resampled_scores
from stages.evaluation.scores import OVERALL
from stages.evaluation.titles import MODELS
from tools.comparison.states import State

N_RESAMPLES = 2000
SEED = 0
# What can be told from the predicted classes alone.
OF_CLASSES = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")
Interval = tuple[float, float]


def difference_intervals(before: State, after: State) -> dict[str, Interval]:
    """Intervals of the differences, after less before, by `model.score`.

    Scores of the predicted classes are compared image by image, both commits on the same resamples
    of the test split. Of the others, and where images come in groups, Git has the intervals alone:
    these are combined as if the commits had been tested on different images, which makes them too
    wide, so that what is called beyond noise is so all the more.
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
        difference - math.hypot(b - b_low, a_high - a),
        difference + math.hypot(b_high - b, a - a_low),
    )


def _combined(
    before: Mapping[str, tuple[float, float, float]],
    after: Mapping[str, tuple[float, float, float]],
) -> dict[str, Interval]:
    both = {name: combine(before[name], after[name]) for name in before.keys() & after.keys()}
    return {name: span for name, span in both.items() if not math.isnan(sum(span))}


def _paired(before: State, after: State) -> dict[str, Interval]:
    if _grouped(before) or _grouped(after):
        return {}
    positive_class = after.params.get("evaluate", {}).get("positive_class")
    found = {}
    for model in MODELS:
        first, second = before.said.get(model), after.said.get(model)
        if first is None or second is None or not first["actual"].equals(second["actual"]):
            continue
        classes = sorted({*first["actual"], *first["predicted"], *second["predicted"]})
        positive = classes.index(positive_class) if positive_class in classes else 1
        one, other = (_as_predictions(table, classes) for table in (first, second))
        weights = draw_weights(one.groups, N_RESAMPLES, SEED)
        old, new = (resampled_scores(p, weights, positive) for p in (one, other))
        for name, label in old:
            if label == OVERALL and name.removesuffix("_macro") in OF_CLASSES:
                found[f"{model}.{name}"] = percentiles(new[name, label] - old[name, label])
    return {name: span for name, span in found.items() if not math.isnan(span[0])}


def _as_predictions(table: pd.DataFrame, classes: list[str]) -> Predictions:
    """Predictions that are sure of the class that was said."""
    labels, said = (table[column].map(classes.index).to_numpy() for column in table)
    keys = np.arange(len(table)).astype(str)
    return Predictions(classes, keys, keys, labels, np.eye(max(len(classes), 2))[said])


def _grouped(state: State) -> bool:
    return bool(state.params.get("organize", {}).get("group"))
