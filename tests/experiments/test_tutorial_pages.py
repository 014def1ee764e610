"""Tables of docs/tutorials/, filled from docs/results.csv and docs/sweeps/."""

from pathlib import Path

import pytest

from convline.experiments.tutorial_pages import TUTORIALS, fill_in
from convline.runtime.errors import UserError
from tests.experiments.test_results_page import ROW, table

PAGE = "# Title\n\n<!-- results: default other -->\nold\n<!-- end -->\n\nText.\n"


def test_a_table_has_both_models_and_says_from_what_they_come():
    rows = table(ROW, ROW | {"seed": 2, "scratch_accuracy": 0.96, "scratch_best_epoch": 30})
    text = fill_in(PAGE, rows)
    assert text.startswith("# Title\n\n<!-- results: default other -->\n\n| run | model |")
    assert text.endswith("\n<!-- end -->\n\nText.\n")
    assert "old" not in text
    scratch = "| `default` | Scratch CNN | 25 ± 7 | 0.990 ± 0.000 | 0.970 ± 0.000 | 0.970 ± 0.014 |"
    assert scratch in text
    assert "|  | Transfer model | 40 ± 0 |" in text
    assert "1,258 / 270 / 269 images for train / validation / test, seeds 1, 2, up to 2 min" in text
    assert "sensitivity" not in text


def test_two_classes_have_sensitivity_and_specificity():
    two = {"scratch_sensitivity": 0.9, "scratch_specificity": 0.8}
    two |= {"transfer_sensitivity": 0.7, "transfer_specificity": 0.6}
    text = fill_in(PAGE, table(ROW | two))
    assert "| ROC AUC | sensitivity | specificity |" in text
    assert "| 0.999 | 0.900 | 0.800 |" in text


def test_a_table_without_runs_says_so_and_filling_in_again_changes_nothing():
    rows = table(ROW)
    other = fill_in(PAGE.replace("default other", "other"), rows)
    assert "Not run." in other
    assert fill_in(fill_in(PAGE, rows), rows) == fill_in(PAGE, rows)


def test_a_sweep_is_a_table_and_a_picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = "<!-- sweep: dropout -->\n<!-- end -->\n"
    with pytest.raises(UserError, match=r"no docs/sweeps/dropout/experiments\.csv"):
        fill_in(page, table(ROW))
    folder = Path("docs/sweeps/dropout")
    folder.mkdir(parents=True)
    (folder / "experiments.csv").write_text(
        "train.dropout,runs,mean,sd,metric\n0.3,2,0.95,0.014142,val_loss\n0.1,1,1.05,,val_loss\n"
    )
    text = fill_in(page, table(ROW))
    assert "| train.dropout | runs | val_loss | standard deviation |" in text
    assert "| 0.3 | 2 | 0.9500 | 0.0141 |\n| 0.1 | 1 | 1.0500 |  |" in text
    assert "![dropout](../sweeps/dropout/experiments.png)" in text


def test_a_picture_is_shown_when_it_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = "<!-- picture: default -->\n<!-- end -->\n"
    assert "![" not in fill_in(page, table(ROW))
    TUTORIALS.mkdir(parents=True)
    (TUTORIALS / "default.png").touch()
    assert "![Learning curves and confusion matrix of default](default.png)" in fill_in(
        page, table(ROW)
    )
