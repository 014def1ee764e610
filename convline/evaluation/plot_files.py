"""Write the plots of the evaluate stage: their data, and pictures of mistakes."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from convline.evaluation.curve_data import write_curves
from convline.evaluation.mistakes import (
    draw_disagreements,
    draw_mistakes,
    most_confident_mistakes,
    strongest_disagreements,
)
from convline.records.predictions import Predictions

PICTURES = "pictures"


def shown_keys(test: Mapping[str, Predictions]) -> set[str]:
    """Return the keys of the test images that `write_plots` draws."""
    first, second = test.values()
    keys = set(first.keys[strongest_disagreements(first, second)])
    return keys.union(*(p.keys[most_confident_mistakes(p)] for p in test.values()))


def write_plots(
    test: Mapping[str, Predictions],
    scores: pd.DataFrame,
    positive: int,
    images: Mapping[str, np.ndarray],
    folder: Path,
) -> None:
    """Write the data of all plots, and pictures of mistakes and disagreements.

    Args:
        test: predictions of the test split by model.
        scores: the table of all scores.
        positive: the label of the positive class, where there are two classes.
        images: uint8 (height, width, channels) by key; those of `shown_keys` at least.
        folder: an existing folder; pictures go into `pictures/`, which must exist.
    """
    write_curves(test, positive, folder)
    scores.to_csv(folder / "scores.csv", index=False)
    draw_disagreements(test, images, folder / PICTURES / "disagreements.png")
    for model, predictions in test.items():
        draw_mistakes(predictions, images, folder / PICTURES / f"mistakes_{model}.png")
