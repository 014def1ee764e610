"""A parallel-coordinates plot: one axis per param and one for the metric."""

from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from convline.evaluation.display_names import lower_is_better
from convline.experiments.param_plot import Plot, finish, is_wide, label

METRIC_TICKS = 5
MIN_GAP = 0.045  # fraction of an axis; closer labels would overlap
LETTER_WIDTH = 7.5  # pixels
KEY = "Each line is a combination of values and ends at the mean of its runs. Darkest: best."


@dataclass(frozen=True)
class Axis:
    """One vertical axis.

    Attributes:
        name: its title.
        positions: 0 (bottom) to 1 (top) for each row of the table.
        labels: texts and positions without overlaps.
    """

    name: str
    positions: list[float]
    labels: list[tuple[str, float]]


def parallel_plot(table: pd.DataFrame, params: list[str], metric: str) -> Plot:
    """Plot one line per combination of values.

    Args:
        table: one row per combination, best first, with `runs`, `mean` and `sd`.
        params: names of the columns with params.
        metric: name of the metric that `mean` and `sd` describe.
    """
    axes = [param_axis(name, table[name]) for name in params] + [metric_axis(metric, table["mean"])]
    names = [axis.name for axis in axes]
    hints = [*params, "runs", "mean", "sd"]
    # The best line is drawn last, on top.
    lines = pd.DataFrame(
        [
            {"axis": axis.name, "position": axis.positions[row], "line": row, "mean": mean}
            | {f"hint{i}": label(table[hint][row]) for i, hint in enumerate(hints)}
            for row, mean in reversed(list(enumerate(table["mean"])))
            for axis in axes
        ]
    )
    labels = pd.DataFrame(
        [{"axis": axis.name, "position": y, "text": t} for axis in axes for t, y in axis.labels]
    )
    longest = max(map(len, [*names, *labels["text"]]))
    upright = alt.Axis(
        orient="top", labelAngle=0, labelLimit=0, labelFontWeight="bold", labelPadding=12,
        labelOverlap=False, ticks=False, domain=False, grid=True, gridColor="#999",
    )  # fmt: skip
    x = alt.X("axis:N", sort=names, title=None, axis=upright)
    y = alt.Y("position:Q", axis=None, scale=alt.Scale(domain=[0, 1]))
    best_first = alt.Scale(
        scheme=alt.SchemeParams("viridis", extent=[0, 0.92]),
        reverse=not lower_is_better(metric),
    )
    colour = alt.Color("mean:Q", scale=best_first, legend=None)
    tooltip = [alt.Tooltip(f"hint{i}:N", title=hint) for i, hint in enumerate(hints)]
    chart = alt.layer(
        alt.Chart(lines)
        .mark_line(strokeWidth=2.5, opacity=0.9)
        .encode(x, y, colour, detail="line:N", tooltip=tooltip),
        *_texts(labels[labels["axis"] != metric], x, y, align="right", dx=-8),
        *_texts(labels[labels["axis"] == metric], x, y, align="left", dx=8),
    ).properties(width=alt.Step(max(130, LETTER_WIDTH * longest)), height=340)
    return finish(chart, metric, KEY)


def _texts(labels: pd.DataFrame, x: alt.X, y: alt.Y, **place: Any) -> list[alt.Chart]:
    """Return labels with a white outline, so that they are readable on top of lines."""
    text = alt.Chart(labels).encode(x, y, alt.Text("text:N"))
    outline = text.mark_text(fontSize=11, stroke="white", strokeWidth=4, **place)
    return [outline, text.mark_text(fontSize=11, color="#222", **place)]


def param_axis(name: str, values: "pd.Series[Any]") -> Axis:
    """Return an axis: numbers to scale (logarithmic for wide ranges), categories evenly spaced."""
    tried = sorted(set(values), key=lambda value: (isinstance(value, str), value))
    if pd.api.types.is_numeric_dtype(values):
        places = _spread(np.log(tried) if is_wide(tried) else np.array(tried))
    else:
        places = _spread(np.arange(len(tried)))
    at = dict(zip(tried, places, strict=True))
    labels = [(label(value, 6), place) for value, place in at.items()]
    return Axis(name, [at[value] for value in values], _apart(labels))


def metric_axis(name: str, means: "pd.Series[float]") -> Axis:
    """Return an axis from the smallest to the largest mean with evenly spaced ticks."""
    ticks = np.unique(np.linspace(means.min(), means.max(), METRIC_TICKS))
    labels = [(f"{tick:.4g}", y) for tick, y in zip(ticks, _spread(ticks), strict=True)]
    return Axis(name, _spread(means.to_numpy()), labels)


def _spread(values: "np.ndarray[Any, Any]") -> list[float]:
    """Scale values to positions from 0 to 1; a single value is in the middle."""
    width = np.ptp(values)
    return ((values - values.min()) / width if width else np.full(len(values), 0.5)).tolist()


def _apart(labels: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return the labels from the bottom up, without those too close to the one below."""
    kept: list[tuple[str, float]] = []
    for text, place in labels:
        if not kept or place - kept[-1][1] >= MIN_GAP:
            kept.append((text, place))
    return kept
