"""Compare finished DVC experiments in a table and a plot.

    convline experiments                          all params that differ, validation loss
    convline experiments train.dropout            only this param
    convline experiments train.filters train.dropout --metric scratch.accuracy
                                                  two params and another metric
    convline experiments train.optimizer --where organize.folds=3 --where train.epochs=2
                                                  a cross-validation with two epochs
    convline experiments -n 5 -o reports/sweep    experiments of the last five commits

Runs with equal values are one row: their mean and standard deviation. `seed` and `organize.fold`
are repeats; they are in the table only if you name them. If you name params, the others keep the
values of the last commit, or those of --where, so that a sweep of dropout does not mix with one of
optimizers. Metrics whose names end in `loss` or `error` are best when low, others when high.

Reads   what `dvc exp show` lists; the commit itself counts if its metrics belong to its params
Writes  experiments.csv, experiments.png and experiments.html, a page that loads nothing
"""

from pathlib import Path

import click

from convline.cli import options


@options.command(help=__doc__)
@click.argument(
    "params", nargs=-1, metavar="[PARAM]...", help="params to compare (default: all that differ)"
)
@click.option(
    "--metric",
    help="metric to compare by (default: validation loss of the first stage in which it differs)",
)
@click.option(
    "--where",
    multiple=True,
    metavar="PARAM=VALUE",
    help="include only runs with this parameter value; repeatable",
)
@click.option(
    "-n", "commits", type=int, default=1, metavar="COMMITS", help="number of commits to read"
)
@options.output(Path("experiments"), what="folder for the table and the plots", folder=True)
def main(
    params: tuple[str, ...], metric: str | None, where: tuple[str, ...], commits: int, output: Path
) -> None:
    # Slow imports come after the arguments have been checked.
    from convline.experiments import experiment_table as tables
    from convline.experiments.finished_runs import gather
    from convline.experiments.parallel_plot import parallel_plot
    from convline.experiments.param_plot import label, param_plot, save
    from convline.runtime.files import fresh_file

    runs = gather(commits)
    metric = tables.choose_metric(runs, metric)
    having = runs.table.dropna(subset=metric)
    chosen = tables.choose_params(having, runs.params, params)
    asked = tables.conditions(where, runs.params)
    complete = tables.comparable(having, runs, chosen if params else None, asked)
    table = tables.summarize(complete, chosen, metric)
    others = {f"without {metric}": len(runs.table) - len(having)}
    others["with other values of other params"] = len(having) - len(complete)
    print(tables.describe(table, metric))
    print(*tables.notes(runs, complete, chosen, metric, others), sep="\n")
    with fresh_file(output / "experiments.csv") as partial:
        values = {name: table[name].map(label) for name in chosen}
        table.assign(metric=metric, **values).to_csv(partial, index=False)
    if len(chosen) > 1:
        chart = parallel_plot(table, chosen, metric)
    else:
        chart = param_plot(complete, table, chosen, metric)
    print("Plot: " + ", ".join(str(file) for file in save(chart, output)))
