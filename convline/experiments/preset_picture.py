"""Draw the learning curves of both models of a run, and the confusion matrix of the better one."""

from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from convline.evaluation.display_names import MODELS
from convline.experiments.param_plot import MEANS, SINGLE, Plot
from convline.experiments.run_records import RunRecords
from convline.runtime.files import fresh_file

SIDE = 220  # pixels
MAX_NAMED = 20  # classes whose images are counted in the cells


def draw(run: RunRecords, picture: Path) -> None:
    """Write a PNG with three plots side by side."""
    chosen = run.classifier()
    chart = alt.hconcat(
        *(curves(run.curves(model, "accuracy"), title) for model, title in MODELS.items()),
        confusion_matrix(run.confusion(chosen), f"{MODELS[chosen]}: test images"),
        bounds="flush",  # Otherwise the titles are not level.
        spacing=90,
    ).resolve_scale(color="independent")
    styled = (
        chart.properties(padding=12, background="white")
        .configure_view(stroke=None)
        .configure_axis(gridColor="#e4e4e4", titleFontWeight="normal")
        .configure_title(fontSize=13, anchor="start")
    )
    picture.parent.mkdir(parents=True, exist_ok=True)
    with fresh_file(picture) as partial:
        styled.save(partial, format="png", scale_factor=2)


def curves(epochs: pd.DataFrame, title: str) -> alt.Chart:
    """Plot the accuracy of train and validation by epoch.

    Args:
        epochs: columns `epoch`, `curve` and `accuracy`.
        title: name of the model.
    """
    scale = alt.Scale(domain=["train", "validation"], range=[MEANS, SINGLE])
    legend = alt.Legend(orient="bottom-right", fillColor="#ffffffcc", padding=4)
    color = alt.Color("curve:N", title=None, scale=scale, legend=legend)
    epoch = alt.X("epoch:Q", axis=alt.Axis(tickMinStep=1, format="d", grid=False))
    accuracy = alt.Y("accuracy:Q", scale=alt.Scale(zero=False))
    chart = alt.Chart(epochs).mark_line(size=2, point={"size": 16})
    plot: alt.Chart = chart.encode(x=epoch, y=accuracy, color=color)
    return plot.properties(title=title, width=SIDE, height=SIDE)


def confusion_matrix(pairs: pd.DataFrame, title: str) -> Plot:
    """Plot the share of each actual class that was predicted as each class, with the counts.

    Args:
        pairs: columns `actual` and `predicted`, one row per image.
        title: of the plot.
    """
    table = pairs.value_counts().rename("images").reset_index()
    table["share"] = table["images"] / table.groupby("actual")["images"].transform("sum")
    axis: Any = alt.Axis(labelLimit=90, ticks=False, domain=False)
    base = alt.Chart(table).encode(
        x=alt.X("predicted:N", axis=axis), y=alt.Y("actual:N", axis=axis)
    )
    blues = alt.Scale(scheme="blues", domain=[0, 1])
    cells = base.mark_rect().encode(color=alt.Color("share:Q", scale=blues, legend=None))
    white: Any = alt.condition("datum.share > 0.5", alt.value("white"), alt.value("#222"))
    counts = base.mark_text(fontSize=12 if len(table) < 10 else 8).encode(
        text="images:Q", color=white
    )
    layers = [cells, counts] if pairs["actual"].nunique() <= MAX_NAMED else [cells]
    return alt.layer(*layers).properties(title=title, width=SIDE, height=SIDE)
