"""docs/results.md and the scores in the presets' headers, written from docs/results.csv."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from convline.cli import results
from convline.experiments import preset_runs, results_page
from convline.params.presets import PRESETS
from convline.runtime.errors import UserError
from tests.commands import call

ROW = {
    "preset": "default",
    "values": "",
    "seed": 1,
    "data_set": "digits",
    "train": 1258,
    "validation": 270,
    "test": 269,
    "scratch_accuracy": 0.98,
    "scratch_roc_auc": 0.999,
    "transfer_accuracy": 0.95,
    "transfer_roc_auc": 0.99,
    "seconds": 100,
    "machine": "2 cores of a test, 8 GB, no GPU",
}


def test_a_line_is_the_mean_and_the_spread_over_the_seeds(workspace):
    rows = [ROW, ROW | {"seed": 2, "scratch_accuracy": 0.96, "seconds": 200}]
    page = results_page.page(pd.DataFrame(rows))
    # The standard deviation of a sample, 0.02 / sqrt(2).
    cells = "| `default` |  | digits: 1,258, 270, 269 | 1 2 | 0.970 ± 0.014 | 0.950 ± 0.000 |"
    assert cells in page
    assert "| 3 |" in page


def test_values_and_machines_have_lines_of_their_own(workspace):
    rows = [ROW, ROW | {"values": "train.dropout=0.3"}, ROW | {"machine": "another"}]
    page = results_page.page(pd.DataFrame(rows))
    assert "| `default`, `train.dropout=0.3` |  | digits" in page
    assert page.index("## On 2 cores of a test, 8 GB, no GPU") < page.index("## On another")


def test_runs_whose_sizes_vary_with_the_seed_share_a_line(workspace):
    page = results_page.page(pd.DataFrame([ROW, ROW | {"seed": 2, "test": 255}]))
    assert "| digits: 1,258, 270, 255 to 269 | 1 2 |" in page


def test_reported_scores_are_beside_and_missing_presets_below(workspace):
    page = results_page.page(pd.DataFrame([ROW | {"preset": "cifar10-dropout"}]))
    assert "| `cifar10-dropout` | test accuracy 0.67 (40,000 training images" in page
    assert re.search(r"Not run: .*`lenet5`", page)


def test_sweeps_are_shown_with_their_pictures(workspace):
    (workspace / "docs/sweeps/dropout").mkdir(parents=True)
    (workspace / "docs/sweeps/dropout/experiments.csv").write_text(
        "train.dropout,runs,mean,sd,metric\n0.3,2,0.95,0.014142,val_loss\n0.1,1,1.05,,val_loss\n"
    )
    page = results_page.page(pd.DataFrame([ROW]))
    assert "| train.dropout | runs | val_loss | standard deviation |" in page
    assert "| 0.3 | 2 | 0.9500 | 0.0141 |\n| 0.1 | 1 | 1.0500 |  |" in page
    assert "![dropout](sweeps/dropout/experiments.png)" in page


def test_the_header_of_a_preset_gives_its_scores(workspace):
    row = ROW | {"preset": "cifar10", "train": 40_000}
    preset_runs.keep(row)
    preset_runs.keep(row | {"values": "train.epochs=20", "scratch_accuracy": 0.5})
    results_page.write_page()
    text = (PRESETS / "cifar10.yaml").read_text()
    assert text.count("# Ours ") == 1
    assert (
        "# Ours      test accuracy 0.980 scratch, 0.950 transfer, from\n"
        "#           40,000 training images of digits\ndownload:\n"
    ) in text
    preset_runs.keep(row | {"seed": 2, "data_set": "others", "train": 50_000})
    results_page.write_page()
    again = (PRESETS / "cifar10.yaml").read_text()
    assert again == text.replace(
        "40,000 training images of digits", "50,000 training images of others"
    )


def test_the_committed_page_and_presets_match_the_committed_results(workspace):
    root = Path(__file__).parents[2]
    shutil.copy(root / results_page.RESULTS, results_page.RESULTS)
    shutil.copytree(root / results_page.SWEEPS, results_page.SWEEPS)
    results_page.write_page()
    for file in [results_page.PAGE, *PRESETS.glob("*.yaml")]:
        assert file.read_text() == (root / file).read_text()


@pytest.mark.parametrize("mark", ["<<<<<<< ours\n", "a,b\n", None])
def test_a_broken_table_of_results_is_one_message(workspace, mark):
    preset_runs.keep(ROW)
    text = results_page.RESULTS.read_text()
    results_page.RESULTS.write_text("" if mark is None else mark + text)
    with pytest.raises(UserError, match=r"results\.csv is not a table of results; `git checkout"):
        results_page.write_page()
    results_page.RESULTS.write_text(text + "=======\n")
    # Refused before any run.
    with pytest.raises(UserError, match="is not a table of results"):
        call(results.main, "default")
    assert not Path("params.yaml").exists()


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """An empty folder with the presets."""
    shutil.copytree(PRESETS, tmp_path / "presets")
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path
