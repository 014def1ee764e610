"""A plot of a metric against one param, and the style and files of all plots of experiments."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from convline.evaluation.display_names import lower_is_better
from convline.runtime.files import fresh_file

MAX_TICKS = 12
LOG_FROM = 100  # ratio of the largest to the smallest number
MEANS, SINGLE = "#1f3b63", "#e8762d"
Plot = alt.LayerChart | alt.FacetChart
KEY = "Large dots: mean and standard deviation. Small dots: single runs."


def param_plot(runs: pd.DataFrame, table: pd.DataFrame, params: list[str], metric: str) -> Plot:
    """Plot means with standard deviations, and single runs, against one param or none.

    Numbers are on a horizontal axis. Categories are listed vertically, best first, which leaves
    room for long names.

    Args:
        runs: one row per run.
        table: one row per value, best first, with `runs`, `mean` and `sd`.
        params: name of one column of both tables; may be empty.
        metric: name of a column of `runs`.
    """
    means = pd.DataFrame({"value": _values(table, params), "mean": table["mean"]})
    means = means.assign(low=table["mean"] - table["sd"], high=table["mean"] + table["sd"])
    means = means.assign(sd=table["sd"], runs=table["runs"])
    single = pd.DataFrame({"value": _values(runs, params), "mean": runs[metric]})
    single = single.assign(experiment=runs["Experiment"])
    upright = pd.api.types.is_numeric_dtype(means["value"])
    place: Any = _numbers(params[0], means["value"]) if upright else _categories(params, means)
    along, across = (alt.Y, "x") if upright else (alt.X, "y")
    name = "y" if upright else "x"
    scale = alt.Scale(zero=False, padding=12)
    axis = alt.Axis(format="~g", tickCount=8, labelFlush=False)
    score: Any = {"title": metric, "scale": scale, "axis": axis}
    at: Any = {across: place, name: along("mean:Q", **score)}
    span: Any = {across: place, name: along("low:Q", **score), f"{name}2": "high:Q"}
    value = alt.Tooltip("value:N", title=params[0] if params else "")
    mean = alt.Tooltip("mean:Q", title=metric, format=".5~g")
    sd = alt.Tooltip("sd:Q", title="standard deviation", format=".3~g")
    chart = alt.layer(
        alt.Chart(means.dropna()).mark_rule(size=2, color=MEANS).encode(**span),
        alt.Chart(means)
        .mark_point(filled=True, size=110, color=MEANS, opacity=1)
        .encode(**at, tooltip=[value, mean, sd, "runs:Q"]),
        alt.Chart(single)
        .mark_point(filled=True, size=24, color=SINGLE, opacity=0.9)
        .encode(**at, tooltip=[value, mean, "experiment:N"]),
    )
    height: Any = 320 if upright else alt.Step(32)
    return finish(chart.properties(width=520, height=height), metric, KEY)


def finish(chart: Plot, metric: str, subtitle: str) -> Plot:
    """Return the chart with the title and style that all plots share."""
    title = f"{metric}: {'lower' if lower_is_better(metric) else 'higher'} is better"
    words = alt.TitleParams(
        title, subtitle=subtitle, anchor="start", offset=14, subtitleColor="#555"
    )
    return (
        chart.properties(title=words, padding=16, background="white")
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=11, titleFontSize=12, titlePadding=10, gridColor="#e4e4e4")
        .configure_title(fontSize=15, subtitleFontSize=12, subtitleColor="#555")
    )


def save(chart: Plot, folder: Path) -> list[Path]:
    """Write experiments.png and experiments.html, a page that loads nothing; return their paths."""
    picture, page = folder / "experiments.png", folder / "experiments.html"
    # Keep only the entry of Vega's menu that saves a picture; the others open an online editor.
    menu = {"actions": {"export": True, "source": False, "compiled": False, "editor": False}}
    with fresh_file(picture) as partial:
        chart.save(partial, scale_factor=2)
    with fresh_file(page) as partial:
        chart.save(partial, inline=True, embed_options=menu)
    return [picture, page]


def label(value: float | str, digits: int = 10) -> str:
    """Format a value as in params.yaml: 3.0 as 3."""
    return value if isinstance(value, str) else f"{value:.{digits}g}"


def is_wide(numbers: Sequence[float]) -> bool:
    """Return True if positive numbers span a factor of more than 100, for a logarithmic axis."""
    return min(numbers) > 0 and max(numbers) / min(numbers) > LOG_FROM


def _values(rows: pd.DataFrame, params: list[str]) -> Any:
    if not params:
        return "all runs"
    values = rows[params[0]]
    return values if pd.api.types.is_numeric_dtype(values) else values.map(label)


def _numbers(param: str, values: "pd.Series[float]") -> alt.X:
    """Return an axis with a tick at each value that was tried."""
    tried = sorted(set(values))
    kind: Any = "log" if is_wide(tried) else "linear"
    ticks: Any = tried if len(tried) <= MAX_TICKS else alt.Undefined
    axis = alt.Axis(
        values=ticks,
        labelExpr="'' + datum.value",
        labelOverlap="greedy",
        grid=False,
        labelFlush=False,
    )
    scale = alt.Scale(type=kind, zero=False, nice=False, padding=30)
    return alt.X("value:Q", title=param, axis=axis, scale=scale)


def _categories(params: list[str], means: pd.DataFrame) -> alt.Y:
    axis = alt.Axis(
        labelLimit=0, titleAngle=0, titleAlign="right", titleAnchor="start", titleY=-8, titleX=-10
    )
    title = params[0] if params else None
    return alt.Y("value:N", title=title, sort=list(means["value"]), axis=axis)
