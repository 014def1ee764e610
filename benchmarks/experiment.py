"""What an experiment costs beyond its training: `dvc exp run -S train.dropout=...`.

Our side runs in a copy of the repository whose pipeline, the preset `default`, has run: DVC checks
all stages, runs train and evaluate, and keeps the experiment. The peer runs these two stages alone,
`python -m stages.train` and `python -m stages.evaluate`. Each run has a dropout rate of its own;
otherwise, DVC would take its models from the cache.
"""

import shutil
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

from benchmarks import workspace
from benchmarks.harness import Result, Row, in_turn, median_seconds
from convline.params import presets

STAGES = ("train", "evaluate")
VALUES: list[str] = []
ROUNDS = 3


def against_bare_stages() -> Result:
    """Measure the row."""
    folder = Path("experiment")
    workspace.copy_repository(folder)
    rates = iter([f"0.3{i}" for i in range(1, 2 * ROUNDS + 2)])
    with chdir(folder):
        presets.write(presets.render("default", VALUES))
        workspace.command("dvc", "repro")
        timing = in_turn(lambda: experiment(rates), lambda: bare(rates), ROUNDS, warm_up=False)
    shutil.rmtree(folder)
    beyond = median_seconds(timing.ours) - median_seconds(timing.theirs)
    return Result(timing, note=f"DVC and its checks take {beyond:.1f} s of an experiment")


def experiment(rates: Iterator[str]) -> int:
    """Run our side."""
    workspace.command("dvc", "exp", "run", "--set-param", f"train.dropout={next(rates)}")
    return len(STAGES)


def bare(rates: Iterator[str]) -> int:
    """Run the peer."""
    presets.write(presets.render("default", [*VALUES, f"train.dropout={next(rates)}"]))
    for stage in STAGES:
        workspace.module(f"stages.{stage}")
    return len(STAGES)


ROWS = [
    Row(
        "experiment",
        "`dvc exp run -S train.dropout=...`, preset `default`",
        "`stages.train` and `stages.evaluate` alone",
        None,
        0.75,
        against_bare_stages,
    )
]
