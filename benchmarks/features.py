"""The stage extract, VGG16's features of 2,000 images, against the tutorial's `predict`.

Both are whole processes: start, reading, computing, writing. Ours is `python -m stages.extract`, on
TFRecords of resized images, in bfloat16 where the processor has it natively. The peer is `python -m
benchmarks.tutorial features`: `predict` in float32 on `flow_from_directory`, batches of 32, then
`np.save`. Without native bfloat16 both compute in float32, and little can be won.
"""

import sys

from benchmarks import workspace
from benchmarks.harness import Row, Timing, in_turn, without_start
from stages.common import paths
from stages.common.dataset import load_dataset

ROUNDS = 2


def against_tutorial() -> tuple[Timing, str]:
    """Row 6."""
    workspace.prepare("preprocess")
    start = in_turn(import_stage, import_peer, ROUNDS)
    timing = in_turn(stage, tutorial, ROUNDS, warm_up=False)
    random = "; random weights" if workspace.weights() == "none" else ""
    return timing, without_start(timing, start) + random


def stage() -> int:
    """Our side."""
    workspace.module("stages.extract")
    return sum(split.examples for split in load_dataset().splits.values())


def tutorial() -> int:
    """The peer."""
    workspace.module("benchmarks.tutorial", "features", "--weights", workspace.weights())
    return sum(workspace.organized(split) for split in paths.SPLITS)


def import_stage() -> int:
    """Start, as `stage` does, and end."""
    workspace.command(sys.executable, "-c", "import stages.extract")
    return 0


def import_peer() -> int:
    """Start, as `tutorial` does, and end."""
    workspace.command(sys.executable, "-c", "import benchmarks.tutorial as x; x.keras.Model")
    return 0


ROWS = [
    Row(
        "features",
        "VGG16 features of 2,000 images, a whole process",
        "the tutorial's: Keras `predict` in float32",
        "images",
        6,
        against_tutorial,
    )
]
