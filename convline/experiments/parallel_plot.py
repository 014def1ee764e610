"""A plot of several params: parallel coordinates, an axis for each and one for the metric."""

from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from convline.evaluation.titles import lower_is_better
from convline.experiments.param_plot import Plot, finish, is_wide, label

METRIC_TICKS = 5
LEAST_GAP = 0.045  # of an axis; nearer labels would overlap
LETTER = 7.5  # pixels
KEY = "A line is a combination of values; it ends at the mean over its runs. Best: darkest."


@dataclass(frozen=True)
class Axis:
    """One upright axis.

    Attributes:
        name: what stands above it.
        positions: 0 (bottom) to 1 (top) for each row of the table.
        labels: texts and positions, no two of which overlap.
    """

    name: str
    positions: list[float]
    labels: list[tuple[str, float]]


def parallel(table: pd.DataFrame, params: list[str], metric: str) -> Plot:
    """A line per combination.

    Args:
        table: a row per combination, best first, with `runs`, `mean` and `sd`.
        params: names of its columns.
        metric: what `mean` is the mean of.
    """
    axes = [param_axis(name, table[name]) for name in params] + [metric_axis(metric, table["mean"])]
    names = [axis.name for axis in axes]
    hints = [*params, "runs", "mean", "sd"]
    # The best is drawn last, above the others.
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
    ).properties(width=alt.Step(max(130, LETTER * longest)), height=340)
    return finish(chart, metric, KEY)


def _texts(labels: pd.DataFrame, x: alt.X, y: alt.Y, **place: Any) -> list[alt.Chart]:
    """Labels that can be read above lines: their white outlines, and themselves."""
    text = alt.Chart(labels).encode(x, y, alt.Text("text:N"))
    outline = text.mark_text(fontSize=11, stroke="white", strokeWidth=4, **place)
    return [outline, text.mark_text(fontSize=11, color="#222", **place)]


def param_axis(name: str, values: "pd.Series[Any]") -> Axis:
    """Numbers at their distance, logarithmic if it must be; categories at equal distances."""
    tried = sorted(set(values), key=lambda value: (isinstance(value, str), value))
    if pd.api.types.is_numeric_dtype(values):
        places = _spread(np.log(tried) if is_wide(tried) else np.array(tried))
    else:
        places = _spread(np.arange(len(tried)))
    at = dict(zip(tried, places, strict=True))
    labels = [(label(value, 6), place) for value, place in at.items()]
    return Axis(name, [at[value] for value in values], _apart(labels))


def metric_axis(name: str, means: "pd.Series[float]") -> Axis:
    """An axis from the least mean to the largest, with some figures between."""
    ticks = np.unique(np.linspace(means.min(), means.max(), METRIC_TICKS))
    labels = [(f"{tick:.4g}", y) for tick, y in zip(ticks, _spread(ticks), strict=True)]
    return Axis(name, _spread(means.to_numpy()), labels)


def _spread(values: "np.ndarray[Any, Any]") -> list[float]:
    """Values as positions from 0 to 1; a single one in the middle."""
    width = np.ptp(values)
    return ((values - values.min()) / width if width else np.full(len(values), 0.5)).tolist()


def _apart(labels: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """The labels from the bottom up, without those that stand too near to the one below."""
    kept: list[tuple[str, float]] = []
    for text, place in labels:
        if not kept or place - kept[-1][1] >= LEAST_GAP:
            kept.append((text, place))
    return kept
