"""scikit-learn's scores of a model on one split.

A new score goes here, and into `resampling.py` where it shall have an interval.
"""

import math

import numpy as np
from sklearn import metrics

from convline.evaluation.calibration import expected_calibration_error
from convline.records.predictions import Predictions

OVERALL = ""
TOP = 5
# A score and the class that it is of, or OVERALL; NaN where the images do not define it.
Scores = dict[tuple[str, str], float]


def score(predictions: Predictions, positive: int) -> Scores:
    """The scores of one split.

    `precision`, `recall`, `f1`, `roc_auc` and `average_precision` (the area under the
    precision-recall curve) are of the positive class where there are two classes, and else the
    macro average over the classes, one against the rest. A class that the split has no image of
    is left out of all averages; what then remains undefined, such as the ROC AUC of a split with
    one class, is NaN. `loss` is the log loss, in nats.

    Args:
        predictions: of one or more images.
        positive: the label to find, where there are two classes.
    """
    labels, predicted, p = predictions.labels, predictions.predicted, predictions.probabilities
    classes = len(predictions.classes)
    everything = np.ones((1, len(labels)))
    return {
        ("accuracy", OVERALL): float(metrics.accuracy_score(labels, predicted)),
        **_per_class(predictions, positive),
        **_ranked(predictions, positive),
        ("loss", OVERALL): float(metrics.log_loss(labels, p, labels=range(classes))),
        ("brier_score_loss", OVERALL): float(
            metrics.brier_score_loss(labels, p, labels=range(classes), pos_label=None)
            if classes > 2
            else metrics.brier_score_loss(labels == 1, p[:, 1], labels=[False, True])
        ),
        ("expected_calibration_error", OVERALL): float(
            expected_calibration_error(predictions.confidence, predictions.correct, everything)[0]
        ),
        **_top(predictions),
    }


def overall(scores: Scores) -> dict[str, float | None]:
    """The scores that are not of one class; None, which JSON has, for NaN."""
    return {
        name: None if math.isnan(value) else value
        for (name, label), value in scores.items()
        if label == OVERALL
    }


def _per_class(predictions: Predictions, positive: int) -> Scores:
    labels, classes = predictions.labels, predictions.classes
    present = np.isin(np.arange(len(classes)), labels)
    columns = metrics.precision_recall_fscore_support(
        labels, predictions.predicted, labels=range(len(classes)), zero_division=0
    )[:3]
    scores: Scores = {("balanced_accuracy", OVERALL): float(columns[1][present].mean())}
    for name, values in zip(("precision", "recall", "f1"), columns, strict=True):
        of_class = np.where(present, values, math.nan)
        macro = float(values[present].mean())
        if len(classes) == 2:
            scores[name, OVERALL] = float(of_class[positive])
            scores[f"{name}_macro", OVERALL] = macro
        else:
            scores[name, OVERALL] = macro
        scores |= {(name, c): float(v) for c, v in zip(classes, of_class, strict=True)}
    return scores


def _ranked(predictions: Predictions, positive: int) -> Scores:
    labels = predictions.labels
    pairs = [
        (labels == k, predictions.probabilities[:, k])
        for k in ([positive] if len(predictions.classes) == 2 else np.unique(labels))
        if 0 < (labels == k).sum() < len(labels)
    ]
    return {
        (name, OVERALL): float(np.mean([function(*pair) for pair in pairs])) if pairs else math.nan
        for name, function in (
            ("roc_auc", metrics.roc_auc_score),
            ("average_precision", metrics.average_precision_score),
        )
    }


def _top(predictions: Predictions) -> Scores:
    if len(predictions.classes) <= TOP:
        return {}
    value = metrics.top_k_accuracy_score(
        predictions.labels,
        predictions.probabilities,
        k=TOP,
        labels=range(len(predictions.classes)),
    )
    return {(f"top_{TOP}_accuracy", OVERALL): float(value)}
