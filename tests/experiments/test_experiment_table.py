"""Which runs are compared, and their table."""

import re

import pandas as pd
import pytest

from convline.experiments.experiment_table import (
    check_name,
    choose_metric,
    comparable,
    describe,
    notes,
    summarize,
)
from convline.experiments.finished_runs import Runs
from convline.experiments.param_plot import param_plot, save
from convline.runtime.errors import UserError


def test_the_default_metric_is_the_first_validation_loss_that_differs():
    losses = {"train.best.val_loss": [1.0, 1.0], "train_head.best.val_loss": [1.0, 2.0]}
    assert choose_metric(Runs(pd.DataFrame(losses), [], {}, list(losses), 0, 0), None).startswith(
        "train_h"
    )
    with pytest.raises(UserError, match=r"choose one with --metric: f1"):
        choose_metric(Runs(pd.DataFrame({"f1": [1.0]}), [], {}, ["f1"], 0, 0), None)


def test_two_sweeps_from_one_commit_stay_apart():
    table = pd.DataFrame(
        {
            "Experiment": list("abcdef"),
            "dropout": [0.5, 0.1, 0.9, 0.5, 0.5, 0.5],
            "optimizer": ["adam", "adam", "adam", "sgd", "sgd", "adam"],
            "folds": ["null", "null", "null", "null", 3.0, 3.0],
            "seed": [1.0, 1.0, 2.0, 1.0, 1.0, 1.0],
            "loss": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        }
    )
    names = ["dropout", "optimizer", "folds", "seed"]
    commit = {"dropout": 0.5, "optimizer": "adam", "folds": "null", "seed": 1.0}
    runs = Runs(table, names, commit, ["loss"], 0, 0)

    def chosen(params, **asked):
        return "".join(comparable(table, runs, params, asked)["Experiment"])

    assert chosen(["dropout"]) == "abc"
    assert chosen(["optimizer"]) == "ad"
    assert chosen(["optimizer"], folds="3") == "ef"
    assert chosen(["optimizer", "folds"]) == "adef"
    assert chosen(None) == "abcdef"
    assert chosen(None, dropout="0.9") == "c"
    with pytest.raises(UserError, match=r"no run has folds=7, .* or --where folds=null"):
        chosen(["dropout"], folds="7")


def test_losses_are_not_comparable_if_params_change_them():
    table = pd.DataFrame({"train.l2": [0.0, 0.1], "train.best.val_loss": [1.0, 2.0]})
    runs = Runs(table, ["train.l2"], {"train.l2": 0.0}, ["train.best.val_loss"], 0, 0)
    (line,) = notes(runs, table, ["train.l2"], "train.best.val_loss", {})
    assert "compare with --metric train.best.val_accuracy" in line


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("param", "train.dropuot", "no param 'train.dropuot', did you mean 'train.dropout'?"),
        ("param", "f1", "no param 'f1'; choose one of train.dropout"),
        ("metric", "scratch.acuracy", "no metric 'scratch.acuracy', did you mean"),
    ],
)
def test_an_unknown_name_is_refused(kind, name, message):
    known = {"param": ["train.dropout"], "metric": ["scratch.accuracy"]}[kind]
    with pytest.raises(UserError, match=re.escape(message)):
        check_name(kind, name, known)


def test_runs_that_differ_only_in_repeats_are_one_row(tmp_path):
    runs = pd.DataFrame({"Experiment": ["a", "b"], "seed": [1.0, 2.0], "f1": [0.25, 0.75]})
    table = summarize(runs, [], "f1")
    assert table.to_dict("records") == [{"runs": 2, "mean": 0.5, "sd": 0.125**0.5}]
    assert describe(table, "f1").split() == [
        "f1,", "highest", "first", "runs", "mean", "sd", "2", "0.5000", "0.3536"
    ]  # fmt: skip
    for file in save(param_plot(runs, table, [], "f1"), tmp_path):
        assert file.stat().st_size
