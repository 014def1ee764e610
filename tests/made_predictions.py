"""Predictions for tests: made by hand, at random, or read from their file."""

from pathlib import Path

import numpy as np
import pandas as pd

from convline.records.predictions import PROBABILITY, Predictions


def predictions(labels, probabilities, groups=None, keys=None):
    labels, probabilities = np.array(labels), np.array(probabilities, float)
    keys = np.array(keys or [f"{label}/{i:04}.png" for i, label in enumerate(labels)])
    classes = [f"c{k}" for k in range(probabilities.shape[1])]
    return Predictions(
        classes, keys, keys if groups is None else np.array(groups), labels, probabilities
    )


def random_predictions(n, classes, seed, skill=1.0, groups=None):
    """Random predictions in which the true class gets `skill` more; many probabilities tie."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n)
    logits = rng.normal(size=(n, classes)) + skill * np.eye(classes)[labels]
    p = np.exp(logits.round(0))
    return predictions(labels, p / p.sum(axis=1, keepdims=True), groups)


def right_or_wrong(correct):
    """Two classes, all images of the first, right where `correct` is true."""
    p = np.where(correct, 0.8, 0.3)
    return predictions(np.zeros(len(p), int), np.stack([p, 1 - p], axis=1))


def read_predictions(path: Path) -> dict[str, Predictions]:
    """Read what `write_predictions` wrote, by split; probabilities to the last bit."""
    text = dict.fromkeys(("split", "key", "group", "label", "predicted"), str)
    # Classes may be called 'NA' or '007'.
    table = pd.read_csv(path, dtype=text, keep_default_na=False)
    columns = [name for name in table.columns if name.startswith(PROBABILITY)]
    classes = [name.removeprefix(PROBABILITY) for name in columns]
    return {
        str(split): Predictions(
            classes,
            rows["key"].to_numpy(str),
            rows["group"].to_numpy(str),
            rows["label"].map(classes.index).to_numpy(),
            rows[columns].to_numpy(),
        )
        for split, rows in table.groupby("split", sort=False)
    }
