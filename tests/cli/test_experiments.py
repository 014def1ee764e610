"""`convline experiments` on real experiments of a tiny pipeline, in real repositories."""

import re
import sys

import pandas as pd
import pytest
from PIL import Image

from convline.experiments.experiment_table import (
    choose_metric,
    choose_params,
    notes,
)
from convline.experiments.finished_runs import gather
from tests.browser import CHROMIUM
from tests.commands import REPOSITORY, convline, dvc, environment, run_in

PIPELINE = """
stages:
  train:
    cmd: python train.py
    params: [seed, train]
    deps: [train.py]
    metrics:
    - metrics.json: {cache: false}
"""
PARAMS = """
seed: 1
train:
  dropout: 0.5
  filters: [32, 64]
  flip: false
  limit:
"""
# Fails from a dropout of 1 on.
STAGE = """
import json, sys
from pathlib import Path
from ruamel.yaml import YAML

params = YAML(typ="safe", pure=True).load(Path("params.yaml"))
train = params["train"]
if train["dropout"] >= 1:
    sys.exit("no dropout")
loss = train["dropout"] + params["seed"] / 100 + len(train["filters"]) / 10
metrics = {"train": {"best": {"val_loss": loss}}, "scratch": {"accuracy": 1 - loss, "same": 7}}
Path("metrics.json").write_text(json.dumps(metrics))
"""


@pytest.mark.slow
def test_it_prints_and_writes_means_and_deviations_best_first(sweep):
    folder, result = sweep
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    # Seeds 1, 2 and 4 add 0.01, 0.02 and 0.04: 0.02333 on average, with a deviation of 0.01528.
    assert [line.split() for line in result.stdout.splitlines()[:4]] == [
        ["train.best.val_loss,", "lowest", "first"],
        ["train.dropout", "runs", "mean", "sd"],
        ["0.1", "3", "0.3233", "0.0153"],
        ["0.5", "1", "0.7100"],
    ]
    table = pd.read_csv(folder / "experiments/experiments.csv")
    assert table["mean"].tolist() == pytest.approx([0.3 + 0.07 / 3, 0.71])
    assert table["sd"][0] == pytest.approx((0.0007 / 3) ** 0.5)
    assert table["sd"].isna().tolist() == [False, True]


@pytest.mark.slow
def test_it_lists_what_it_left_out(sweep):
    _, result = sweep
    assert "Averaged over seed." in result.stdout
    # One failed and one waits; the commit itself was run again as an experiment.
    assert "Left out: 2 failed or not finished, 1 equal to another run" in result.stdout


@pytest.mark.slow
def test_lists_nulls_and_booleans_are_values(mixed):
    folder, result = mixed
    assert result.returncode == 0, result.stderr
    table = pd.read_csv(folder / "experiments/experiments.csv", dtype=str, keep_default_na=False)
    values = table[["train.filters", "train.flip", "train.limit"]].to_numpy().tolist()
    assert values == [["[8]", "true", "3"], ["[32, 64]", "false", "null"]]
    assert ["[8]", "true", "3", "1", "0.6100"] in [x.split() for x in result.stdout.splitlines()]


@pytest.mark.slow
def test_the_plots_are_a_picture_and_a_page_that_loads_nothing(sweep, mixed):
    for folder, _ in (sweep, mixed):
        with Image.open(folder / "experiments/experiments.png") as image:
            image.load()
            assert 600 < image.width < 3000
            assert 300 < image.height < 2000
        page = (folder / "experiments/experiments.html").read_text(encoding="utf-8")
        assert "vegaEmbed(" in page
        assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=[\"']?(https?:)?//", page)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_a_browser_shows_the_page_without_a_network(sweep, mixed, tmp_path):
    browser = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    profile = [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000"]
    offline = ["--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"]
    for folder, _ in (sweep, mixed):
        page = (folder / "experiments/experiments.html").as_uri()
        result = run_in(tmp_path, [*browser, *profile, *offline, page], environment())
        drawn = re.search(r'<(svg|canvas)[^>]*class="marks".*', result.stdout, re.DOTALL)
        assert drawn, result.stderr
        assert "CONSOLE" not in result.stderr


@pytest.mark.slow
def test_a_commit_counts_only_if_its_metrics_belong_to_its_params(mixed, monkeypatch):
    folder, _ = mixed
    monkeypatch.chdir(folder)
    assert set(gather().table["train.dropout"]) == {0.5}
    params = folder / "params.yaml"
    params.write_text(params.read_text().replace("dropout: 0.5", "dropout: 0.9"))
    commit(folder)
    dvc(folder, "exp", "run", "-S", "train.dropout=0.2")
    assert set(gather().table["train.dropout"]) == {0.2}
    assert set(gather(commits=2).table["train.dropout"]) == {0.2, 0.5}


@pytest.mark.slow
def test_the_default_comparison(sweep, monkeypatch):
    monkeypatch.chdir(sweep[0])
    runs = gather()
    assert set(runs.params) == {
        "seed",
        *(f"train.{x}" for x in ("dropout", "filters", "flip", "limit")),
    }
    assert set(runs.metrics) == {"train.best.val_loss", "scratch.accuracy", "scratch.same"}
    assert choose_metric(runs, None) == "train.best.val_loss"
    assert choose_params(runs.table, runs.params, []) == ["train.dropout"]
    assert choose_params(runs.table, runs.params, ["seed"]) == ["seed"]
    assert notes(runs, runs.table, ["train.dropout"], "scratch.same", {"that are odd": 4}) == [
        "Averaged over seed.",
        (
            "Left out: 2 failed or not finished, 4 that are odd, "
            "1 equal to another run in all params and metrics."
        ),
        "All runs have the same scratch.same; did they run the stage that computes it?",
    ]


@pytest.mark.slow
def test_without_experiments_the_message_shows_how_to_run_some(tmp_path):
    make_pipeline(tmp_path)
    refused(experiments(tmp_path), "the last commit has no experiments. Run some:\n  dvc exp")
    dvc(tmp_path, "exp", "run")
    refused(experiments(tmp_path), "only one run has finished")
    refused(experiments(tmp_path, "--metric", "accuracy"), "no metric 'accuracy'")
    assert not (tmp_path / "experiments").exists()


def test_a_folder_without_dvc_is_one_message(tmp_path):
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "params.yaml").touch()
    refused(experiments(tmp_path), "not a DVC repository")
    dvc(tmp_path, "init", "--no-scm")
    refused(experiments(tmp_path), "DVC cannot list experiments, which it keeps in Git")


def test_it_does_not_import_tensorflow():
    modules = "convline.experiments.experiment_table, convline.experiments.parallel_plot"
    code = f"import sys, {modules}; sys.exit('tensorflow' in sys.modules)"
    assert run_in(REPOSITORY, [sys.executable, "-c", code], environment()).returncode == 0


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """A dropout with three seeds, the commit as it is, one that failed, one that waits."""
    folder = make_pipeline(tmp_path_factory.mktemp("sweep"))
    dvc(folder, "exp", "run")
    dvc(folder, "exp", "run", "--queue", "-S", "train.dropout=0.1", "-S", "seed=1,2,4")
    dvc(folder, "exp", "run", "--queue", "-S", "train.dropout=2")
    run_in(folder, ["dvc", "exp", "run", "--run-all"], environment())
    dvc(folder, "exp", "run", "--queue", "-S", "train.dropout=0.7")
    return folder, experiments(folder)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """One experiment that differs from the commit in a list, a boolean and a null."""
    folder = make_pipeline(tmp_path_factory.mktemp("mixed"))
    values = ("train.filters=[8]", "train.flip=true", "train.limit=3")
    dvc(folder, "exp", "run", *(word for value in values for word in ("-S", value)))
    return folder, experiments(folder)


def make_pipeline(folder):
    for name, text in {"dvc.yaml": PIPELINE, "params.yaml": PARAMS, "train.py": STAGE}.items():
        (folder / name).write_text(text, encoding="utf-8")
    run_in(folder, ["git", "init", "-q", "-b", "main"], environment())
    dvc(folder, "init")
    dvc(folder, "repro")
    commit(folder)
    return folder


def commit(folder):
    run_in(folder, ["git", "add", "-A"], environment())
    assert run_in(folder, ["git", "commit", "-qm", "a step"], environment()).returncode == 0


def experiments(folder, *arguments):
    return convline(folder, "experiments", *arguments, PYTHONWARNINGS="error")


def refused(result, message):
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
