"""The scores of a model on one split, with scikit-learn's names and definitions.

Every score is computed for many weightings of the images at once: with all weights 1 it is the
score itself, and with the weights of bootstrap resamples it is the distribution for the intervals.
scikit-learn takes 40 ms per weighting for 269 images and ten classes, which is 80 s for 1,000
resamples and two models; this takes less than a second. Tests compare it with scikit-learn.
"""

import math

import numpy as np

from convline.evaluation.calibration import expected_calibration_error
from convline.records.predictions import Predictions

OVERALL = ""
TOP = 5
# Keys are a score and its class, or OVERALL. NaN marks a score that the images do not define.
Scores = dict[tuple[str, str], float]
WeightedScores = dict[tuple[str, str], np.ndarray]


def score(predictions: Predictions, positive: int) -> Scores:
    """Compute the scores of one split: `weighted_scores` with all weights 1."""
    ones = np.ones((1, len(predictions.labels)))
    weighted = weighted_scores(predictions, ones, positive)
    return {name: float(values[0]) for name, values in weighted.items()}


def weighted_scores(predictions: Predictions, weights: np.ndarray, positive: int) -> WeightedScores:
    """Compute all scores of one split for each row of weights, as `sample_weight` does.

    For two classes, `precision`, `recall`, `f1`, `roc_auc` and `average_precision` (the area under
    the precision-recall curve) refer to the positive class. For more classes they are the macro
    average, each class against the rest. A class without images is left out of all averages. A
    score that is still undefined, such as the ROC AUC of a single class, is NaN. `loss` is the log
    loss in nats.

    Args:
        predictions: one or more images.
        weights: how often each image counts, (rows, images).
        positive: the label of the positive class, where there are two classes.

    Returns:
        float64 (rows,) for each score.
    """
    labels, p, correct = predictions.labels, predictions.probabilities, predictions.correct
    truth = np.eye(p.shape[1])[labels]
    total = weights.sum(axis=1)
    # Clipped as scikit-learn does, so that the logarithm is finite.
    likelihood = np.maximum(p[np.arange(len(labels)), labels], np.finfo(p.dtype).eps)
    # For two classes scikit-learn takes half of Brier's sum: the squared error of one probability.
    squares = ((p - truth) ** 2).sum(axis=1) / (2 if p.shape[1] == 2 else 1)
    scores: WeightedScores = {
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
        # Ties go to the later class, as in scikit-learn.
        top = np.argsort(p, axis=1, kind="stable")[:, ::-1][:, :TOP]
        hit = (top == labels[:, np.newaxis]).any(axis=1)
        scores[f"top_{TOP}_accuracy", OVERALL] = weights @ hit / total
    return scores


def overall(scores: Scores) -> dict[str, float | None]:
    """Return the scores of all classes together, with None for NaN, which JSON does not have."""
    return {
        name: None if math.isnan(value) else value
        for (name, label), value in scores.items()
        if label == OVERALL
    }


def _per_class(predictions: Predictions, weights: np.ndarray, positive: int) -> WeightedScores:
    classes = predictions.classes
    is_class = np.eye(len(classes))[predictions.labels]
    is_predicted = np.eye(len(classes))[predictions.predicted]
    true, predicted = weights @ is_class, weights @ is_predicted
    both = weights @ (is_class * is_predicted)
    absent = true == 0
    columns = {
        "precision": _ratio(both, predicted),
        "recall": _ratio(both, true),
        "f1": _ratio(2 * both, true + predicted),
    }
    of_classes = {name: np.where(absent, np.nan, values) for name, values in columns.items()}
    scores: WeightedScores = {("balanced_accuracy", OVERALL): _mean(of_classes["recall"])}
    for name, values in of_classes.items():
        if len(classes) == 2:
            scores[name, OVERALL] = values[:, positive]
            scores[f"{name}_macro", OVERALL] = _mean(values)
        else:
            scores[name, OVERALL] = _mean(values)
        scores |= {(name, label): values[:, k] for k, label in enumerate(classes)}
    return scores


def _ranked(predictions: Predictions, weights: np.ndarray, positive: int) -> WeightedScores:
    labels, p = predictions.labels, predictions.probabilities
    ranked = [positive] if p.shape[1] == 2 else np.unique(labels)
    # float32 holds counts of images up to 16 million exactly, and takes half the memory.
    small = weights.astype(np.float32)
    areas = [_areas(labels == k, p[:, k], small) for k in ranked]
    return {
        ("roc_auc", OVERALL): _mean(np.stack([roc for roc, _ in areas], axis=1)),
        ("average_precision", OVERALL): _mean(np.stack([ap for _, ap in areas], axis=1)),
    }


def _areas(
    is_class: np.ndarray, p: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return ROC AUC and average precision for each row; NaN where it has only one class.

    No threshold separates images with the same probability, so these form a block. Both areas are
    sums over the blocks that contain images of the class.
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
    block = np.searchsorted(last, np.flatnonzero(hits))
    in_block = np.add.reduceat(
        ranked[:, hits], np.searchsorted(block, np.arange(len(last))), axis=1
    )
    in_block = in_block.astype(float)
    found = np.cumsum(in_block, axis=1)
    alarms = seen[:, last] - found
    alarms_before = seen[:, first] - ranked[:, first] - (found - in_block)
    positives = found[:, -1]
    negatives = seen[:, -1] - positives
    # Pairs of a positive and a negative in the right order; a tie counts as half a pair.
    in_order = in_block * (negatives[:, np.newaxis] - (alarms + alarms_before) / 2)
    roc_auc = _ratio(in_order.sum(axis=1), positives * negatives)
    precision = _ratio(found, found + alarms)
    average_precision = _ratio((in_block * precision).sum(axis=1), positives)
    one_class = (positives == 0) | (negatives == 0)
    return np.where(one_class, np.nan, roc_auc), np.where(one_class, np.nan, average_precision)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Divide, with 0 where the denominator is 0 (scikit-learn's `zero_division=0`)."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _mean(columns: np.ndarray) -> np.ndarray:
    """Return the mean of the defined values of each row; NaN where there are none."""
    defined = ~np.isnan(columns)
    count = defined.sum(axis=1)
    total = np.where(defined, columns, 0).sum(axis=1)
    return np.divide(total, count, out=np.full(len(columns), np.nan), where=count > 0)
