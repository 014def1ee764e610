"""The stage train against the tutorial's `fit`, for 2 and for 20 epochs of the scratch CNN.

Both are whole processes: start, training on augmented images, validation, saving. Our side is
`python -m stages.train` on TFRecords, in bfloat16 if the processor supports it natively. The peer
is `python -m benchmarks.tutorial scratch`: `fit` in float32 on `ImageDataGenerator`. Speed is
training images per second. The start includes the imports, but not the tracing of the graphs.
"""

from collections.abc import Callable

from benchmarks import step, workspace
from benchmarks.harness import Result, Row, in_turn, without_start
from convline.records.dataset import load_dataset

EPOCHS = (2, 20)
ROUNDS = {2: 2, 20: 1}
GOALS = {2: 2, 20: 3}  # Both sides start once, which takes a third of two epochs.


def against_tutorial(epochs: int) -> Callable[[], Result]:
    """Return the function that measures the row of this number of epochs."""

    def measure() -> Result:
        workspace.prepare(
            "preprocess", f"train.epochs={epochs}", f"train.early_stopping_patience={epochs}"
        )
        start = in_turn(*workspace.start("train"), rounds=1)
        timing = in_turn(stage(epochs), tutorial(epochs), ROUNDS[epochs], warm_up=False)
        return Result(timing, step.one_batch(), without_start(timing, start))

    return measure


def stage(epochs: int) -> Callable[[], int]:
    """Return our side."""

    def run() -> int:
        workspace.module("stages.train")
        return load_dataset().splits["train"].examples * epochs

    return run


def tutorial(epochs: int) -> Callable[[], int]:
    """Return the peer."""

    def run() -> int:
        workspace.module("benchmarks.tutorial", "scratch", "--epochs", str(epochs))
        return workspace.organized(["train"]) * epochs

    return run


ROWS = [
    Row(
        name,
        f"scratch training, {epochs} epochs, a whole process",
        "the tutorial's `fit` in float32 from `ImageDataGenerator`",
        "images",
        GOALS[epochs],
        against_tutorial(epochs),
        long=epochs > min(EPOCHS),
    )
    for name, epochs in zip(("scratch", "scratch-20-epochs"), EPOCHS, strict=True)
]
