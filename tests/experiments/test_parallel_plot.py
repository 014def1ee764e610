"""Axes and lines of the plot of several params."""

import pandas as pd

from convline.experiments.parallel_plot import metric_axis, parallel_plot, param_axis


def test_categories_are_spaced_evenly_and_numbers_by_value():
    mixed = param_axis("limit", pd.Series([100.0, "null", 20.0]))
    assert mixed.labels == [("20", 0), ("100", 0.5), ("null", 1)]
    assert mixed.positions == [0.5, 1, 0]
    assert param_axis("rate", pd.Series([1.0, 4.0, 5.0])).positions == [0, 0.75, 1]
    assert param_axis("rate", pd.Series([1.0, 32.0, 1024.0])).positions == [0, 0.5, 1]
    assert param_axis("epochs", pd.Series([9.0, 9.0])).labels == [("9", 0.5)]


def test_labels_of_an_axis_do_not_overlap():
    crowded = param_axis("rate", pd.Series([0.0, 0.001, 0.5, 1.0]))
    assert [text for text, _ in crowded.labels] == ["0", "0.5", "1"]
    assert metric_axis("loss", pd.Series([0.5, 0.5])).labels == [("0.5", 0.5)]


def test_the_best_line_is_the_last_one_drawn():
    table = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"], "runs": 1, "mean": [0.1, 0.9]})
    chart = parallel_plot(table.assign(sd=[0.1, 0.2]), ["a", "b"], "loss").to_dict()
    lines = chart["datasets"][chart["layer"][0]["data"]["name"]]
    assert [row["mean"] for row in lines] == [0.9] * 3 + [0.1] * 3
