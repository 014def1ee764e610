"""Run presets and write their scores to docs/.

    convline results cifar10-dropout --seeds 1 2 3
    convline results dogs-vs-cats download.kind=archive download.name= download.path=~/dogs.zip
                                            with values of your own
    convline results                        only write the pages again

Each run is a DVC experiment, `<preset>-seed<n>`, that `dvc exp show` lists; the scores are read
from it. Afterwards params.yaml and the outputs are those of the last run.

Writes  docs/results.csv, and from it docs/results.md and the tables in docs/tutorials/; the
        pictures there are those of a preset's last run without values of your own
"""

import click

from convline.cli import options


@options.command(help=__doc__)
@click.argument("preset", required=False, help="preset to run (default: only write the pages)")
@click.argument(
    "values", nargs=-1, metavar="[PARAM=VALUE]...", help="further parameters, values as YAML"
)
@click.option(
    "--seeds",
    multiple=True,
    type=int,
    default=[42],
    metavar="SEED...",
    help="one run for each seed",
)
def main(preset: str | None, values: tuple[str, ...], seeds: tuple[int, ...]) -> None:
    # Slow imports come after the arguments have been checked.
    from convline.experiments.preset_runs import run_preset
    from convline.experiments.results_page import write_pages
    from convline.experiments.results_table import read_results

    read_results()  # A run takes minutes: first check the table to which it is added.
    for seed in seeds if preset else ():
        run_preset(str(preset), values, seed)
    write_pages()
