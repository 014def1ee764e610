"""Axes of the plot of one param."""

import pandas as pd
import pytest

from convline.experiments.param_plot import param_plot


@pytest.mark.parametrize(
    ("values", "scale"), [([0.1, 10.0], "linear"), ([0.01, 10.0], "log"), ([0.0, 500.0], "linear")]
)
def test_numbers_that_span_more_than_a_factor_of_100_are_logarithmic(values, scale):
    runs = pd.DataFrame({"Experiment": ["a", "b"], "rate": values, "loss": [1.0, 2.0]})
    table = pd.DataFrame({"rate": values, "runs": 1, "mean": [1.0, 2.0], "sd": float("nan")})
    chart = param_plot(runs, table, ["rate"], "loss").to_dict()
    assert chart["layer"][1]["encoding"]["x"]["scale"]["type"] == scale
    assert chart["layer"][1]["encoding"]["x"]["axis"]["values"] == values
