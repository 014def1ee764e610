"""Bootstrap intervals: the scores of `scores.py`, of all resamples of a split at once.

A resample is a row of weights, how often it holds each image. scikit-learn takes 40 ms for the
scores of 269 images and ten classes, 80 s for 1,000 resamples and two models; this takes under a
second. A test holds each score equal to scikit-learn's with `sample_weight`.
"""

from collections.abc import Iterator

import numpy as np

from convline.evaluation.calibration import expected_calibration_error
from convline.evaluation.metrics import OVERALL, TOP
from convline.records.predictions import Predictions

LEVEL = 0.95
AT_ONCE = 64  # resamples; 64 of 25,000 images take 13 MB an array

Resampled = dict[tuple[str, str], np.ndarray]
Interval = tuple[float, float]
UNKNOWN: Interval = (np.nan, np.nan)


def draw_weights(groups: np.ndarray, n_resamples: int, seed: int) -> np.ndarray:
    """How often each image is in each resample: whole groups are drawn, with replacement.

    Drawing groups instead of images is the cluster bootstrap (Davison and Hinkley 1997, 3.8).

    Args:
        groups: of the images, (n,).
        n_resamples: how many.
        seed: of the draws.

    Returns:
        uint16 (n_resamples, n).
    """
    names, member = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    weights = np.empty((n_resamples, len(groups)), np.uint16)
    for row in weights:
        drawn = rng.integers(len(names), size=len(names))
        row[:] = np.bincount(drawn, minlength=len(names))[member]
    return weights


def totals(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The sum of one value per image, (n,), over each resample, float (resamples,)."""
    return np.concatenate([part @ values.astype(float) for part in _parts(weights)])


def resampled_scores(predictions: Predictions, weights: np.ndarray, positive: int) -> Resampled:
    """Each score of each resample, float (resamples,); NaN where a resample does not define it."""
    parts = [_scores(predictions, part, positive) for part in _parts(weights)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def percentiles(values: np.ndarray) -> Interval:
    """The 2.5th and 97.5th percentile of resampled values; NaN where too few are defined.

    A figure that only half of the resamples define, such as the recall of a class with one image,
    has no interval.
    """
    defined = values[~np.isnan(values)]
    if len(defined) * 2 < len(values):
        return UNKNOWN
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def intervals(resampled: Resampled) -> dict[tuple[str, str], Interval]:
    """The interval of each score; NaN where all resamples agree.

    They agree on a model without a mistake, and on a single image or group. The truth may well be
    another; the resamples cannot tell.
    """
    spans = {name: percentiles(values) for name, values in resampled.items()}
    return {name: UNKNOWN if low == high else (low, high) for name, (low, high) in spans.items()}


def _parts(weights: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(weights), AT_ONCE):
        yield weights[start : start + AT_ONCE].astype(float)


def _scores(predictions: Predictions, weights: np.ndarray, positive: int) -> Resampled:
    labels, p, correct = predictions.labels, predictions.probabilities, predictions.correct
    truth = np.eye(p.shape[1])[labels]
    total = weights.sum(axis=1)
    # As scikit-learn does, so that the logarithm is finite.
    likelihood = np.maximum(p[np.arange(len(labels)), labels], np.finfo(p.dtype).eps)
    # Of two classes half of Brier's sum, the squared error of either probability.
    squares = ((p - truth) ** 2).sum(axis=1) / (2 if p.shape[1] == 2 else 1)
    scores: Resampled = {
        ("accuracy", OVERALL): weights @ correct / total,
        **_per_class(predictions, weights, positive),
        **_ranked(predictions, weights, positive),
        ("loss", OVERALL): weights @ -np.log(likelihood) / total,
        ("brier_score_loss", OVERALL): weights @ squares / total,
        ("expected_calibration_error", OVERALL): expected_calibration_error(
            predictions.confidence, correct, weights
        ),
    }
    if p.shape[1] > TOP:
        # Of equal probabilities the later class ranks first, as in scikit-learn.
        top = np.argsort(p, axis=1, kind="stable")[:, ::-1][:, :TOP]
        hit = (top == labels[:, np.newaxis]).any(axis=1)
        scores[f"top_{TOP}_accuracy", OVERALL] = weights @ hit / total
    return scores


def _per_class(predictions: Predictions, weights: np.ndarray, positive: int) -> Resampled:
    classes = predictions.classes
    truth = np.eye(len(classes))[predictions.labels]
    said = np.eye(len(classes))[predictions.predicted]
    true, predicted, both = weights @ truth, weights @ said, weights @ (truth * said)
    absent = true == 0
    columns = {
        "precision": _ratio(both, predicted),
        "recall": _ratio(both, true),
        "f1": _ratio(2 * both, true + predicted),
    }
    scores: Resampled = {}
    for name, values in columns.items():
        of_class = np.where(absent, np.nan, values)
        macro = _mean(of_class)
        if name == "recall":
            scores["balanced_accuracy", OVERALL] = macro
        if len(classes) == 2:
            scores[name, OVERALL] = of_class[:, positive]
            scores[f"{name}_macro", OVERALL] = macro
        else:
            scores[name, OVERALL] = macro
        scores |= {(name, label): of_class[:, k] for k, label in enumerate(classes)}
    return scores


def _ranked(predictions: Predictions, weights: np.ndarray, positive: int) -> Resampled:
    labels, p = predictions.labels, predictions.probabilities
    ranked = [positive] if p.shape[1] == 2 else np.unique(labels)
    # Counts of images are exact in float32 up to 16 million, and half as large to move about.
    small = weights.astype(np.float32)
    areas = [_areas(labels == k, p[:, k], small) for k in ranked]
    return {
        ("roc_auc", OVERALL): _mean(np.stack([roc for roc, _ in areas], axis=1)),
        ("average_precision", OVERALL): _mean(np.stack([ap for _, ap in areas], axis=1)),
    }


def _areas(
    is_class: np.ndarray, p: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """ROC AUC and average precision of each resample, NaN where it has one class alone.

    Images of one probability form a group, which no threshold can part. Both areas are sums over
    the groups that hold images of the class.
    """
    order = np.argsort(-p, kind="stable")
    hits = is_class[order]
    starts = np.append(0, np.flatnonzero(np.diff(p[order])) + 1)
    ends = np.append(starts[1:], len(p)) - 1
    held = np.logical_or.reduceat(hits, starts)
    if not held.any():
        nothing = np.full(len(weights), np.nan)
        return nothing, nothing
    first, last = starts[held], ends[held]
    ranked = weights[:, order]
    seen = np.cumsum(ranked, axis=1)
    group = np.searchsorted(last, np.flatnonzero(hits))
    in_group = np.add.reduceat(
        ranked[:, hits], np.searchsorted(group, np.arange(len(last))), axis=1
    )
    in_group = in_group.astype(float)
    found = np.cumsum(in_group, axis=1)
    alarms = seen[:, last] - found
    alarms_before = seen[:, first] - ranked[:, first] - (found - in_group)
    positives = found[:, -1]
    negatives = seen[:, -1] - positives
    # Pairs of a positive and a negative in the right order; a tie is half of one.
    in_order = in_group * (negatives[:, np.newaxis] - (alarms + alarms_before) / 2)
    roc_auc = _ratio(in_order.sum(axis=1), positives * negatives)
    precision = _ratio(found, found + alarms)
    average_precision = _ratio((in_group * precision).sum(axis=1), positives)
    one_class = (positives == 0) | (negatives == 0)
    return np.where(one_class, np.nan, roc_auc), np.where(one_class, np.nan, average_precision)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """0 where there is nothing to divide by, scikit-learn's `zero_division`."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _mean(columns: np.ndarray) -> np.ndarray:
    """The mean of the defined values of each row; NaN where there is none."""
    defined = ~np.isnan(columns)
    count = defined.sum(axis=1)
    total = np.where(defined, columns, 0).sum(axis=1)
    return np.divide(total, count, out=np.full(len(columns), np.nan), where=count > 0)
