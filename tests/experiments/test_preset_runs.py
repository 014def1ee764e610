"""`convline results`: presets run as experiments, with their scores in docs/results.csv."""

import shutil

import pandas as pd
import pytest

from convline.experiments import preset_runs, results_table
from tests.commands import convline, dvc, make_repository
from tests.experiments.test_results_page import ROW
from tests.pipeline.test_default_run import SHRUNK


def test_paths_are_left_out_of_the_changed_values():
    places = ["download.path=/x/a.zip", "extract.weights=/x/vgg.h5", "extract.weights=~/vgg.h5"]
    assert all(preset_runs.PLACE.match(place) for place in places)
    assert not preset_runs.PLACE.match("extract.weights=hed")


def test_a_file_among_the_values_counts_by_its_name(tmp_path):
    (tmp_path / "list.txt").touch()
    for value, kept in (
        (f"organize.include={tmp_path}/list.txt", "organize.include=list.txt"),
        ("organize.include=['*/images/*']", "organize.include=['*/images/*']"),
        (f"organize.classes={{{'a: b, ' * 200}}}", f"organize.classes={{{'a: b, ' * 200}}}"),
    ):
        assert preset_runs._without_folder(value) == kept


def test_a_run_replaces_an_older_run_of_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results_table.keep(ROW)
    results_table.keep(ROW | {"seed": 2})
    results_table.keep(ROW | {"scratch_accuracy": 0.5})
    rows = results_table.read_results()
    assert rows["seed"].tolist() == [1, 2]
    assert rows["scratch_accuracy"].tolist() == [0.5, 0.98]


@pytest.mark.slow
def test_runs_are_tracked_and_kept(tmp_path):
    folder = make_repository(tmp_path / "repository", "default")
    shutil.rmtree(folder / "docs", ignore_errors=True)
    result = convline(folder, "results", "default", *SHRUNK, "--seeds", "1", "2")
    assert result.returncode == 0, result.stderr
    rows = pd.read_csv(folder / "docs/results.csv")
    assert rows["seed"].tolist() == [1, 2]
    assert rows["values"].unique().tolist() == [" ".join(SHRUNK)]
    assert rows[["train", "validation", "test"]].sum(axis=1).tolist() == [300, 300]
    listed = dvc(folder, "exp", "list", "--name-only").split()
    assert len(listed) == 2
    assert all(name.startswith("default-") for name in listed)
    page = (folder / "docs/results.md").read_text()
    assert "| `default`, `organize.limit=300 train.filters=[4]" in page
    assert not list((folder / "docs").glob("**/*.png"))  # only without changed values


def test_a_run_that_fails_is_one_message(tmp_path):
    folder = make_repository(tmp_path / "repository", "default")
    broken = ["download.kind=archive", "download.path=no.zip"]
    result = convline(folder, "results", "default", *broken)
    assert result.returncode == 1
    assert "default-seed42 did not finish; no result was kept" in result.stderr
    assert "Traceback" not in result.stderr
