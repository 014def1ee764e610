"""The stage train, 2 epochs of the scratch CNN, against the tutorial's `fit`.

Both are whole processes: start, training on augmented images, validation, saving. Our side is
`python -m stages.train` on TFRecords, in bfloat16 if the processor supports it natively. The peer
is `python -m benchmarks.tutorial scratch`: `fit` in float32 on `ImageDataGenerator`. Speed is
training images per second.
"""

from benchmarks import workspace
from benchmarks.harness import Row, Timing, in_turn
from convline.records.dataset import load_dataset

EPOCHS = 2
ROUNDS = 2


def against_tutorial() -> tuple[Timing, str]:
    """Measure row 7 of the table."""
    workspace.prepare(
        "preprocess", f"train.epochs={EPOCHS}", f"train.early_stopping_patience={EPOCHS}"
    )
    return in_turn(stage, tutorial, ROUNDS, warm_up=False), ""


def stage() -> int:
    """Run our side."""
    workspace.module("stages.train")
    return load_dataset().splits["train"].examples * EPOCHS


def tutorial() -> int:
    """Run the peer."""
    workspace.module("benchmarks.tutorial", "scratch", "--epochs", str(EPOCHS))
    return workspace.organized(["train"]) * EPOCHS


ROWS = [
    Row(
        "scratch",
        f"scratch training, {EPOCHS} epochs, a whole process",
        "the tutorial's `fit` in float32 from `ImageDataGenerator`",
        "images",
        3,
        against_tutorial,
    )
]
