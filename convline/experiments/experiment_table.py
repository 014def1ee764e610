"""Choose the finished runs that can be compared, and summarize them as a table."""

import math
from collections.abc import Sequence

import pandas as pd

from convline.evaluation.display_names import lower_is_better
from convline.experiments.finished_runs import Runs
from convline.experiments.param_plot import label
from convline.params.loading import did_you_mean
from convline.runtime.errors import UserError

REPEATS = ("seed", "organize.fold")
# What early stopping watches: nothing is chosen by the test split.
METRICS = (
    "train.best.val_loss",
    "train_head.fine_tuned.best.val_loss",
    "train_head.best.val_loss",
)
# These params change the loss itself: losses of runs that differ in them cannot be compared.
IN_THE_LOSS = ("l2", "label_smoothing", "loss")


def choose_metric(runs: Runs, asked: str | None) -> str:
    """Return `asked`, or the first of `METRICS` that differs, or the first that exists.

    Raises:
        UserError: no run has such a metric.
    """
    if asked is not None:
        check_name("metric", asked, runs.metrics)
        return asked
    known = [metric for metric in METRICS if metric in runs.metrics]
    if not known:
        there = ", ".join(runs.metrics) or "none"
        raise UserError(f"no metric to compare by; choose one with --metric: {there}")
    return next(iter(differing(runs.table, known)), known[0])


def choose_params(runs: pd.DataFrame, known: list[str], asked: Sequence[str]) -> list[str]:
    """Return the params in `asked`, or those that differ and are not repeats.

    Raises:
        UserError: a param does not exist, or there is nothing to compare.
    """
    for name in asked:
        check_name("param", name, known)
    if len(runs) == 1 and not asked:
        raise UserError("only one run has finished; run more, with other params")
    return list(dict.fromkeys(asked)) or [x for x in differing(runs, known) if x not in REPEATS]


def conditions(where: Sequence[str], known: list[str]) -> dict[str, str]:
    """Return the params and the values, as text, of `--where PARAM=VALUE`.

    Raises:
        UserError: a param does not exist.
    """
    pairs = [condition.partition("=") for condition in where]
    for name, _, _ in pairs:
        check_name("param", name, known)
    return {name: value for name, _, value in pairs}


def comparable(
    having: pd.DataFrame, runs: Runs, params: list[str] | None, asked: dict[str, str]
) -> pd.DataFrame:
    """Return the runs that differ from the commit or from `asked` only in `params` and repeats.

    Args:
        having: runs that have the metric.
        runs: all of them.
        params: names of the params that may differ; None for all.
        asked: required values of other params, as text.

    Raises:
        UserError: there is no such run.
    """
    free = {*runs.params} if params is None else {*params, *REPEATS}
    wanted = {name: label(runs.commit[name]) for name in runs.params if name not in free} | asked
    chosen = having
    for name, value in wanted.items():
        chosen = chosen[chosen[name].map(label) == value]
    if chosen.empty:
        differ = [x for x in wanted if not (having[x].map(label) == wanted[x]).any()]
        first = differ[0] if differ else next(iter(wanted))
        value = label(having[first].iloc[0])
        raise UserError(
            f"no run has {first}={wanted[first]}, the value of the commit or of --where; "
            f"add the param {first}, or --where {first}={value}"
        )
    return chosen


def check_name(kind: str, name: str, known: list[str]) -> None:
    """Check that a param or a metric exists.

    Raises:
        UserError: it is not in `known`.
    """
    if name not in known:
        hint = did_you_mean(name, known) or f"; choose one of {', '.join(sorted(known))}"
        raise UserError(f"the experiments have no {kind} '{name}'{hint}")


def differing(runs: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the columns in which runs have different values."""
    return [name for name in columns if len(runs[name].dropna().unique()) > 1]


def summarize(runs: pd.DataFrame, params: list[str], metric: str) -> pd.DataFrame:
    """Return a row per combination of values of `params`, best first.

    Returns:
        Columns: the params, `runs`, `mean` and `sd` (of the sample, n - 1; NaN for one run).
    """
    same = params or pd.Series(0, index=runs.index)
    groups = runs.groupby(same, sort=False)[metric]
    table = groups.agg(runs="count", mean="mean", sd="std").reset_index(drop=not params)
    lowest_first = lower_is_better(metric)
    return table.sort_values("mean", ascending=lowest_first, kind="stable", ignore_index=True)


def describe(table: pd.DataFrame, metric: str) -> str:
    """Return the table as text; the largest mean has four significant digits."""
    largest = table["mean"].abs().max()
    decimals = max(0, 3 - math.floor(math.log10(largest))) if largest else 1
    text = table.map(lambda value: "" if value != value else label(value))  # noqa: PLR0124
    for column in ("mean", "sd"):
        text[column] = ["" if math.isnan(x) else f"{x:.{decimals}f}" for x in table[column]]
    order = "lowest" if lower_is_better(metric) else "highest"
    return f"{metric}, {order} first\n{text.to_string(index=False)}"


def notes(
    runs: Runs, complete: pd.DataFrame, params: list[str], metric: str, others: dict[str, int]
) -> list[str]:
    """Return the notes printed below the table."""
    lines = []
    if over := [name for name in differing(complete, runs.params) if name not in params]:
        lines.append(f"Averaged over {', '.join(over)}.")
    left_out = {
        "failed or not finished": runs.unfinished,
        **others,
        "equal to another run in all params and metrics": runs.repeated,
    }
    if counts := [f"{count} {why}" for why, count in left_out.items() if count]:
        lines.append(f"Left out: {', '.join(counts)}.")
    ends = {name.rsplit(".", 1)[-1] for name in params}
    if metric.endswith("val_loss") and ends.intersection(IN_THE_LOSS):
        accuracy = metric.replace("val_loss", "val_accuracy")
        lines.append(f"These params change the loss itself; compare with --metric {accuracy}.")
    if len(complete) > 1 and not differing(complete, [metric]):
        lines.append(f"All runs have the same {metric}; did they run the stage that computes it?")
    return lines
