"""Compute the data of the plots: confusion matrices, ROC, precision-recall, reliability."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import metrics

from convline.evaluation.calibration import bins_of
from convline.records.predictions import Predictions

POINTS = 201
Curve = tuple[np.ndarray, np.ndarray]


def write_curves(models: Mapping[str, Predictions], positive: int, folder: Path) -> None:
    """Write the confusion matrix of each model and each curve with both of them.

    Args:
        models: predictions of the test split by model.
        positive: the label of the positive class, where there are two classes.
        folder: an existing folder.
    """
    for model, predictions in models.items():
        confusion(predictions).to_csv(folder / f"confusion_{model}.csv", index=False)
    for name, curve in (
        ("roc", lambda p: roc_curve(p, positive)),
        ("precision_recall", lambda p: precision_recall_curve(p, positive)),
        ("reliability", reliability_curve),
    ):
        both = [curve(predictions).assign(curve=model) for model, predictions in models.items()]
        pd.concat(both).to_csv(folder / f"{name}.csv", index=False)


def confusion(predictions: Predictions) -> pd.DataFrame:
    """Return a row per image with columns `actual` and `predicted`.

    Rows are in the order of the keys, so that two commits with the same test images can be compared
    image by image.
    """
    names = np.array(predictions.classes)
    pairs = {"actual": predictions.labels, "predicted": predictions.predicted}
    return pd.DataFrame({column: names[labels] for column, labels in pairs.items()})


def roc_curve(predictions: Predictions, positive: int) -> pd.DataFrame:
    """Compute the ROC curve at evenly spaced false positive rates.

    For more than two classes it is the mean curve.

    Returns:
        Columns `false_positive_rate` and `true_positive_rate`, 0 to 1; no rows for a single class.
    """

    def at(grid: np.ndarray, is_class: np.ndarray, p: np.ndarray) -> np.ndarray:
        false_positives, true_positives, _ = metrics.roc_curve(is_class, p)
        return np.interp(grid, false_positives, true_positives)

    grid, rates = _mean_curve(predictions, positive, at)
    # A curve that starts on the left edge rises along it.
    curve = {"false_positive_rate": grid, "true_positive_rate": rates}
    start = pd.DataFrame({"false_positive_rate": [0.0], "true_positive_rate": [0.0]})
    return pd.concat([start, pd.DataFrame(curve)]).round(6) if len(grid) else start.iloc[:0]


def precision_recall_curve(predictions: Predictions, positive: int) -> pd.DataFrame:
    """Compute precision at evenly spaced recalls, a step function.

    For more than two classes it is the mean over the classes.

    Returns:
        Columns `recall` and `precision`, 0 to 1; no rows for a single class.
    """

    def at(grid: np.ndarray, is_class: np.ndarray, p: np.ndarray) -> np.ndarray:
        precision, recall, _ = metrics.precision_recall_curve(is_class, p)
        # Recall decreases; the precision at r is that of the first threshold with recall >= r.
        return precision[::-1][np.searchsorted(recall[::-1], grid)]

    grid, precision = _mean_curve(predictions, positive, at)
    return pd.DataFrame({"recall": grid, "precision": precision}).round(6)


def reliability_curve(predictions: Predictions) -> pd.DataFrame:
    """Compute accuracy by confidence: a row for each bin with images.

    Returns:
        Columns `confidence` and `accuracy`, means of the bin, and `images`, their number.
    """
    table = pd.DataFrame(
        {"confidence": predictions.confidence, "accuracy": predictions.correct.astype(float)}
    )
    bins = table.groupby(bins_of(predictions.confidence))
    return bins.mean().round(6).assign(images=bins.size())


def _mean_curve(
    predictions: Predictions,
    positive: int,
    at: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
) -> Curve:
    """Average `at`, called on an even grid for each class against the rest, over the classes."""
    labels, p = predictions.labels, predictions.probabilities
    ranked = [positive] if p.shape[1] == 2 else np.unique(labels)
    grid = np.linspace(0, 1, POINTS)
    curves = [
        at(grid, labels == k, p[:, k]) for k in ranked if 0 < (labels == k).sum() < len(labels)
    ]
    return (grid, np.mean(curves, axis=0)) if curves else (grid[:0], grid[:0])
