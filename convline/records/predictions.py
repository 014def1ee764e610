"""Write `data/predictions/<model>.csv`: predictions, from which all scores are computed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from convline.runtime.files import fresh_file

PROBABILITY = "probability_"


@dataclass(frozen=True)
class Predictions:
    """Predictions of a model for the images of one split; row i of all arrays is the same image.

    Attributes:
        classes: names in the order of their labels.
        keys: str (n,), `<class>/<file>`.
        groups: str (n,); images of one group are not independent of each other. An image without
            a group forms its own, named after its key.
        labels: int (n,).
        probabilities: float64 (n, classes); each row adds up to 1.
    """

    classes: list[str]
    keys: np.ndarray
    groups: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """Return the most probable label per image, int (n,); ties go to the lowest label."""
        return self.probabilities.argmax(axis=1)

    @property
    def correct(self) -> np.ndarray:
        """Return True for each correct prediction, bool (n,)."""
        return self.predicted == self.labels

    @property
    def confidence(self) -> np.ndarray:
        """Return the probability of the predicted label, float64 (n,)."""
        return self.probabilities.max(axis=1)

    @property
    def grouped(self) -> bool:
        """Return True if any two images share a group."""
        return len(np.unique(self.groups)) < len(self.groups)


def write_predictions(splits: Mapping[str, Predictions], path: Path) -> None:
    """Write a row for each image of each split."""
    with fresh_file(path) as partial:
        pd.concat(_table(split, p) for split, p in splits.items()).to_csv(partial, index=False)


def _table(split: str, predictions: Predictions) -> pd.DataFrame:
    names = np.array(predictions.classes)
    table = pd.DataFrame(
        {
            "split": split,
            "key": predictions.keys,
            "group": predictions.groups,
            "label": names[predictions.labels],
            "predicted": names[predictions.predicted],
        }
    )
    columns = [f"{PROBABILITY}{name}" for name in predictions.classes]
    probabilities = pd.DataFrame(predictions.probabilities, columns=columns)
    return pd.concat([table, probabilities], axis="columns")
