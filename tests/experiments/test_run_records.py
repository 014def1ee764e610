"""Scores, curves and pictures of a run, read from its commit."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from convline.experiments.preset_picture import draw
from convline.experiments.run_records import RunRecords
from tests.commands import REPOSITORY


@pytest.fixture
def default_run(monkeypatch):
    """The committed results of the default run."""
    monkeypatch.chdir(REPOSITORY)
    return RunRecords("HEAD")


def test_a_row_has_the_scores_of_the_metrics(default_run):
    row = default_run.row()
    metrics = {
        stage: json.loads((REPOSITORY / f"metrics/{stage}.json").read_text())
        for stage in ("evaluate", "train", "train_head")
    }
    for model, stage in (("scratch", "train"), ("transfer", "train_head")):
        scores = metrics["evaluate"][model]
        assert row[f"{model}_accuracy"] == pytest.approx(scores["accuracy"], abs=1e-6)
        assert row[f"{model}_roc_auc"] == pytest.approx(scores["roc_auc"], abs=1e-6)
        assert row[f"{model}_best_epoch"] == metrics[stage][stage]["best"]["epoch"]
        assert f"{model}_sensitivity" not in row  # ten classes
    assert row["data_set"] == "digits"
    assert row["train"] + row["validation"] + row["test"] == 1797


def test_two_classes_have_sensitivity_and_specificity(default_run, monkeypatch):
    read = RunRecords._text

    def two_classes(self, file):
        text = read(self, file)
        if file.name == "scores.csv":
            table = pd.read_csv(REPOSITORY / file, dtype={"class": str})
            table = table[table["class"].isna() | table["class"].isin(["0", "1"])]
            table["class"] = table["class"].replace({"0": "NA", "1": "ill"})
            text = table.to_csv(index=False)
        return text

    monkeypatch.setattr(RunRecords, "_text", two_classes)
    row = default_run.row()
    table = pd.read_csv(REPOSITORY / "metrics/evaluate/scores.csv", dtype={"class": str})
    is_recall = (table["score"] == "recall") & (table["split"] == "test")
    recall = table[is_recall & (table["model"] == "scratch")].set_index("class")["value"]
    # The positive class is the second one.
    assert row["scratch_sensitivity"] == recall["1"]
    assert row["scratch_specificity"] == recall["0"]


def test_the_picture_has_curves_and_a_matrix(default_run, tmp_path):
    pairs = default_run.confusion("scratch")
    assert len(pairs) == 269
    epochs = default_run.curves("transfer", "accuracy")
    assert set(epochs["curve"]) == {"train", "validation"}
    draw(default_run, tmp_path / "pictures/default.png")
    picture = np.asarray(Image.open(tmp_path / "pictures/default.png").convert("RGB"))
    assert picture.shape[1] > 2 * picture.shape[0]
    # The curves' blue and orange, and the darkest cells of the matrix.
    for color in ([31, 59, 99], [232, 118, 45], [8, 74, 145]):
        assert (np.abs(picture.astype(int) - color).max(axis=-1) < 8).any()
