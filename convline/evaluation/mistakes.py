"""Draw where the models fail: confident mistakes, and images on which they disagree."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from convline.images.contact_sheet import draw_grid, to_image
from convline.records.predictions import Predictions

MOST = 12  # images per picture


def shown_keys(test: Mapping[str, Predictions]) -> set[str]:
    """Return the keys of the test images that `write_pictures` draws."""
    keys = [p.keys[most_confident_mistakes(p)] for p in test.values()]
    first, second = test.values()
    return set(first.keys[strongest_disagreements(first, second)]).union(*keys)


def write_pictures(
    test: Mapping[str, Predictions], images: Mapping[str, np.ndarray], folder: Path
) -> None:
    """Draw the disagreements of both models and the mistakes of each.

    Args:
        test: predictions of the test split by model.
        images: uint8 (height, width, channels) by key; those of `shown_keys` at least.
        folder: an existing folder.
    """
    draw_disagreements(test, images, folder / "disagreements.png")
    for model, predictions in test.items():
        draw_mistakes(predictions, images, folder / f"mistakes_{model}.png")


def most_confident_mistakes(predictions: Predictions) -> np.ndarray:
    """Return the rows of wrong predictions, the most confident first, int (at most 12,)."""
    wrong = np.flatnonzero(~predictions.correct)
    return wrong[np.argsort(-predictions.confidence[wrong], kind="stable")][:MOST]


def strongest_disagreements(first: Predictions, second: Predictions) -> np.ndarray:
    """Return the rows with different predictions, the most confident first, int (at most 12,)."""
    rows = np.flatnonzero(first.predicted != second.predicted)
    confidence = np.maximum(first.confidence, second.confidence)[rows]
    return rows[np.argsort(-confidence, kind="stable")][:MOST]


def draw_mistakes(predictions: Predictions, images: Mapping[str, np.ndarray], path: Path) -> None:
    """Draw the most confident mistakes with their true and predicted class.

    Args:
        predictions: the test split.
        images: uint8 (height, width, channels) by key.
        path: the PNG file to write.
    """
    rows = most_confident_mistakes(predictions)
    captions = [
        [f"true: {_true_class(predictions, row)}", f"predicted: {_prediction(predictions, row)}"]
        for row in rows
    ]
    tiles = [to_image(images[predictions.keys[row]]) for row in rows]
    draw_grid(tiles, captions, if_empty="no mistakes on the test split").save(path)


def draw_disagreements(
    models: Mapping[str, Predictions], images: Mapping[str, np.ndarray], path: Path
) -> None:
    """Draw images on which the two models disagree, with both predictions."""
    first, second = models.values()
    rows = strongest_disagreements(first, second)
    captions = [
        [
            f"true: {_true_class(first, row)}",
            *(f"{model}: {_prediction(p, row)}" for model, p in models.items()),
        ]
        for row in rows
    ]
    tiles = [to_image(images[first.keys[row]]) for row in rows]
    draw_grid(tiles, captions, if_empty="the models agree on all images").save(path)


def _true_class(predictions: Predictions, row: int) -> str:
    return predictions.classes[predictions.labels[row]]


def _prediction(predictions: Predictions, row: int) -> str:
    return f"{predictions.classes[predictions.predicted[row]]} {predictions.confidence[row]:.2f}"
