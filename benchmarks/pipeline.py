"""The whole `dvc repro` of the preset dogs-vs-cats against the tutorial as one script.

Both start with the archive of 2,000 images and end with both models tested on 400 of them: unpack,
split, train the CNN for 5 epochs, compute VGG16's features, train the head for 5 epochs, evaluate.
Our side runs in a fresh copy of the repository and writes, hashes and caches everything that DVC
keeps. The peer is `python -m benchmarks.tutorial all`, one process, in float32.
"""

import shutil
from contextlib import chdir
from pathlib import Path

from benchmarks import workspace
from benchmarks.harness import Limit, Result, Row, in_turn
from convline.params.loading import load_params
from convline.runtime import paths
from convline.runtime.run_times import run_time

EPOCHS = 5
ROUNDS = 1


def against_tutorial() -> Result:
    """Measure the row."""
    folder = Path("pipeline")
    workspace.copy_repository(folder / "clone")
    (folder / "script").mkdir()
    with chdir(folder / "clone"):
        sections, names = ("train", "train_head"), ("epochs", "early_stopping_patience")
        workspace.set_params(*(f"{s}.{name}={EPOCHS}" for s in sections for name in names))
    with chdir(folder):
        timing = in_turn(repro, tutorial, ROUNDS, warm_up=False)
        with chdir("clone"):
            seconds = sum(run_time(stage) or 0 for stage in workspace.STAGES)
    shutil.rmtree(folder)
    limit = Limit("its stages without DVC", timing.items / seconds)
    return Result(timing, limit, "; ".join(workspace.on_weights()))


def repro() -> int:
    """Run our side."""
    with chdir("clone"):
        workspace.command("dvc", "repro")
        return workspace.preprocessed()


def tutorial() -> int:
    """Run the peer."""
    limit = load_params(Path("clone") / paths.PARAMS).organize.limit
    given = ["--archive", str(workspace.archive()), "--weights", workspace.weights()]
    with chdir("script"):
        more = ["--epochs", str(EPOCHS), "--limit", str(limit)]
        workspace.module("benchmarks.tutorial", "all", *given, *more)
        return workspace.organized()


ROWS = [
    Row(
        "pipeline",
        f"whole `dvc repro`, dogs-vs-cats, 2,000 images, {EPOCHS} epochs of each network",
        "the tutorial as one script, float32",
        None,
        2,
        against_tutorial,
        long=True,
    )
]
