"""Predictions and their CSV files."""

import numpy as np

from convline.records.predictions import write_predictions
from tests.made_predictions import random_predictions, read_predictions


def test_predictions_are_read_as_they_were_written(tmp_path):
    names = ["NA", "007", "a,b", 'say "no"']
    some = random_predictions(40, 4, seed=2)
    some = type(some)(names, some.keys, some.groups, some.labels, some.probabilities)
    write_predictions({"validation": some, "test": some}, tmp_path / "model.csv")
    again = read_predictions(tmp_path / "model.csv")
    assert list(again) == ["validation", "test"]
    assert again["test"].classes == names
    assert again["test"].keys.tolist() == some.keys.tolist()
    assert again["test"].labels.tolist() == some.labels.tolist()
    assert np.array_equal(again["test"].probabilities, some.probabilities)
