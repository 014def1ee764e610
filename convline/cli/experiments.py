"""Compare finished DVC experiments: a table and a plot of one metric against the params.

    convline experiments                          all params that differ, validation loss
    convline experiments train.dropout            this param alone
    convline experiments train.filters train.dropout --metric scratch.accuracy
                                                         these, and another metric
    convline experiments train.optimizer --where organize.folds=3 --where train.epochs=2
                                                         of a cross-validation of two epochs
    convline experiments -n 5 -o reports/sweep    of the last five commits, into a folder

Runs with equal values are one line: their mean and standard deviation. `seed` and `organize.fold`
make repeats, and stand in the table only if you name them. Where you name params, the others have
the values of the last commit, or those of --where: a sweep of dropout stays out of that of
optimizers. Metrics whose names end in `loss` or `error` are best when low, others when high.

Reads   what `dvc exp show` lists; the commit itself counts where its metrics come of its params
Writes  experiments.csv, experiments.png and experiments.html, a page that loads nothing
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from convline.cli import options
from convline.evaluation.titles import lower_is_better
from convline.experiments.finished_runs import Runs, gather
from convline.experiments.parallel_plot import parallel
from convline.experiments.param_plot import against, label, save
from convline.params.loading import did_you_mean
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_file
from convline.runtime.runner import run

REPEATS = ("seed", "organize.fold")
# What early stopping watches: the test split is not for choosing.
METRICS = (
    "train.best.val_loss",
    "train_head.fine_tuned.best.val_loss",
    "train_head.best.val_loss",
)
# Validation loss has a part of these: where they differ, it does not tell which model is better.
IN_THE_LOSS = ("l2", "label_smoothing", "loss")


def main() -> None:
    arguments = parse_arguments()
    runs = gather(arguments.commits)
    metric = choose_metric(runs, arguments.metric)
    having = runs.table.dropna(subset=metric)
    params = choose_params(having, runs.params, arguments.params)
    asked = conditions(arguments.where, runs.params)
    complete = comparable(having, runs, params if arguments.params else None, asked)
    table = summarize(complete, params, metric)
    others = {f"without {metric}": len(runs.table) - len(having)}
    others["with other values of other params"] = len(having) - len(complete)
    print(describe(table, metric), *notes(runs, complete, params, metric, others), sep="\n")
    with fresh_file(arguments.output / "experiments.csv") as partial:
        values = {name: table[name].map(label) for name in params}
        table.assign(metric=metric, **values).to_csv(partial, index=False)
    several = len(params) > 1
    chart = parallel(table, params, metric) if several else against(complete, table, params, metric)
    print("Plot: " + ", ".join(str(file) for file in save(chart, arguments.output)))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = options.parser("experiments", __doc__)
    add = parser.add_argument
    add("params", nargs="*", metavar="PARAM", help="what to compare; without it, what differs")
    add("--metric", help=f"what to compare by; without it, the first that differs of {METRICS}")
    add("--where", action="append", default=[], metavar="PARAM=VALUE", help="only these runs")
    add("-n", dest="commits", type=int, default=1, metavar="COMMITS", help="how many commits back")
    add("-o", "--output", type=Path, default=Path("experiments"), metavar="FOLDER")
    return parser.parse_intermixed_args()


def choose_metric(runs: Runs, asked: str | None) -> str:
    """The metric that was asked for, or the first of `METRICS` that differs, or that there is.

    Raises:
        UserError: there is no such metric.
    """
    if asked is not None:
        check_name("metric", asked, runs.metrics)
        return asked
    known = [metric for metric in METRICS if metric in runs.metrics]
    if not known:
        there = ", ".join(runs.metrics) or "none"
        raise UserError(f"choose with --metric what to compare by; there is: {there}")
    return next(iter(differing(runs.table, known)), known[0])


def choose_params(runs: pd.DataFrame, known: list[str], asked: Sequence[str]) -> list[str]:
    """The params that were asked for, or those that differ and make no repeats.

    Raises:
        UserError: there is no such param, or nothing to compare.
    """
    for name in asked:
        check_name("param", name, known)
    if len(runs) == 1 and not asked:
        raise UserError("nothing differs: one run alone has finished. Run more, with other params")
    return list(dict.fromkeys(asked)) or [x for x in differing(runs, known) if x not in REPEATS]


def conditions(where: Sequence[str], known: list[str]) -> dict[str, str]:
    """The params and the values, as text, of --where.

    Raises:
        UserError: there is no such param.
    """
    pairs = [condition.partition("=") for condition in where]
    for name, _, _ in pairs:
        check_name("param", name, known)
    return {name: value for name, _, value in pairs}


def comparable(
    having: pd.DataFrame, runs: Runs, params: list[str] | None, asked: dict[str, str]
) -> pd.DataFrame:
    """The runs that differ from the commit, or from what was asked for, in `params` and repeats.

    Args:
        having: the runs that have the metric.
        runs: all of them.
        params: names of params; None: all may differ.
        asked: the values of some, as text.

    Raises:
        UserError: there are none.
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
            f"no run has {first}={wanted[first]}, as the commit or --where has it; "
            f"name {first} as well, or say --where {first}={value}"
        )
    return chosen


def check_name(kind: str, name: str, known: list[str]) -> None:
    """Raise UserError if `name` is not known."""
    if name not in known:
        hint = did_you_mean(name, known) or f"; there are {', '.join(sorted(known))}"
        raise UserError(f"the experiments have no {kind} '{name}'{hint}")


def differing(runs: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """The columns in which two runs have different values."""
    return [name for name in columns if len(runs[name].dropna().unique()) > 1]


def summarize(runs: pd.DataFrame, params: list[str], metric: str) -> pd.DataFrame:
    """A row per combination of values, best first.

    Returns:
        The params, `runs`, `mean` and `sd`: of the sample (n - 1), NaN for one run.
    """
    same = params or pd.Series(0, index=runs.index)
    groups = runs.groupby(same, sort=False)[metric]
    table = groups.agg(runs="count", mean="mean", sd="std").reset_index(drop=not params)
    lowest_first = lower_is_better(metric)
    return table.sort_values("mean", ascending=lowest_first, kind="stable", ignore_index=True)


def describe(table: pd.DataFrame, metric: str) -> str:
    """The table under a line that names the metric, four figures of its largest mean."""
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
    """What one must know besides to read the table."""
    lines = []
    if over := [name for name in differing(complete, runs.params) if name not in params]:
        lines.append(f"Averaged over {', '.join(over)}.")
    left_out = {
        "that failed or did not finish yet": runs.unfinished,
        **others,
        "equal to another in all params and metrics": runs.repeated,
    }
    if counts := [f"{count} {why}" for why, count in left_out.items() if count]:
        lines.append(f"Left out: {', '.join(counts)}.")
    ends = {name.rsplit(".", 1)[-1] for name in params}
    if metric.endswith("val_loss") and ends.intersection(IN_THE_LOSS):
        accuracy = metric.replace("val_loss", "val_accuracy")
        lines.append(f"These params are part of the loss itself: compare by --metric {accuracy}.")
    if len(complete) > 1 and not differing(complete, [metric]):
        lines.append(f"All have the same {metric}: did they run the stage that computes it?")
    return lines


if __name__ == "__main__":
    run(main)
