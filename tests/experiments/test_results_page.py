"""docs/results.md and the scores in the presets' headers, written from docs/results.csv."""

import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from convline.cli import results
from convline.experiments import results_page, results_table, tutorial_pages
from convline.experiments.tutorial_pages import TUTORIALS
from convline.params.presets import PRESETS
from convline.runtime.errors import UserError
from tests.commands import REPOSITORY, call

ROW = {
    "preset": "default",
    "values": "",
    "seed": 1,
    "data_set": "digits",
    "train": 1258,
    "validation": 270,
    "test": 269,
    "scratch_train_accuracy": 0.99,
    "scratch_validation_accuracy": 0.97,
    "scratch_accuracy": 0.98,
    "scratch_roc_auc": 0.999,
    "scratch_best_epoch": 20,
    "transfer_train_accuracy": 0.98,
    "transfer_validation_accuracy": 0.96,
    "transfer_accuracy": 0.95,
    "transfer_roc_auc": 0.99,
    "transfer_best_epoch": 40,
    "seconds": 100,
    "machine": "2 cores of a test, 8 GB, no GPU",
}


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=results_table.COLUMNS)


def test_a_line_is_the_mean_and_the_spread_over_the_seeds(workspace):
    rows = [ROW, ROW | {"seed": 2, "scratch_accuracy": 0.96, "seconds": 200}]
    page = results_page.page(table(*rows))
    # The standard deviation of a sample, 0.02 / sqrt(2).
    cells = (
        "| `default` |  | digits: 1,258, 270, 269 | 1 2 "
        "| 0.970 ± 0.000 | 0.970 ± 0.014 | 0.960 ± 0.000 | 0.950 ± 0.000 | 4 |"
    )
    assert cells in page


def test_values_and_machines_have_lines_of_their_own(workspace):
    rows = [ROW, ROW | {"values": "train.dropout=0.3"}, ROW | {"machine": "another"}]
    page = results_page.page(table(*rows))
    assert "| `default`, `train.dropout=0.3` |  | digits" in page
    assert page.index("## On 2 cores of a test, 8 GB, no GPU") < page.index("## On another")


def test_runs_whose_sizes_vary_with_the_seed_share_a_line(workspace):
    page = results_page.page(table(ROW, ROW | {"seed": 2, "test": 255}))
    assert "| digits: 1,258, 270, 255 to 269 | 1 2 |" in page


def test_reported_scores_are_beside_and_missing_presets_below(workspace):
    page = results_page.page(table(ROW | {"preset": "cifar10-dropout"}))
    assert "| `cifar10-dropout` | test accuracy 0.67 (40,000 training images" in page
    assert re.search(r"Not run: .*`lenet5`", page)


def test_the_header_of_a_preset_gives_its_scores(workspace):
    row = ROW | {"preset": "cifar10", "train": 40_000}
    results_table.keep(row)
    results_table.keep(row | {"values": "train.epochs=20", "scratch_accuracy": 0.5})
    results_page.write_pages()
    text = (PRESETS / "cifar10.yaml").read_text()
    assert text.count("# Ours ") == 1
    assert (
        "# Ours      test accuracy 0.980 scratch, 0.950 transfer, from\n"
        "#           40,000 training images of digits\ndownload:\n"
    ) in text
    results_table.keep(row | {"seed": 2, "data_set": "others", "train": 50_000})
    results_page.write_pages()
    again = (PRESETS / "cifar10.yaml").read_text()
    assert again == text.replace(
        "40,000 training images of digits", "50,000 training images of others"
    )


def test_the_committed_page_and_presets_match_the_committed_results(workspace):
    root = Path(__file__).parents[2]
    shutil.copy(root / results_table.RESULTS, results_table.RESULTS)
    for folder in (tutorial_pages.SWEEPS, tutorial_pages.TUTORIALS):
        shutil.copytree(root / folder, folder)
    results_page.write_pages()
    for file in [results_page.PAGE, *TUTORIALS.glob("*.md"), *PRESETS.glob("*.yaml")]:
        assert file.read_text() == (root / file).read_text()


def test_each_preset_with_a_source_is_on_the_page_of_a_tutorial():
    text = "".join(file.read_text() for file in (REPOSITORY / TUTORIALS).glob("*.md"))
    shown = " ".join(re.findall("<!-- results: (.+) -->", text)).split()
    presets = {file.stem for file in (REPOSITORY / "presets").glob("*.yaml")}
    assert sorted(shown) == sorted(presets - {"default"})


@pytest.mark.parametrize("mark", ["<<<<<<< ours\n", "a,b\n", None])
def test_a_broken_table_of_results_is_one_message(workspace, mark):
    results_table.keep(ROW)
    text = results_table.RESULTS.read_text()
    results_table.RESULTS.write_text("" if mark is None else mark + text)
    with pytest.raises(UserError, match=r"results\.csv is not a table of results; `git checkout"):
        results_page.write_pages()
    results_table.RESULTS.write_text(text + "=======\n")
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
