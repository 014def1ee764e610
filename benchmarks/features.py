"""The stage extract, VGG16's features of 2,000 images, against the tutorial's `predict`.

Both are whole processes: start, reading, computing, writing. Our side is `python -m stages.extract`
on TFRecords of resized images, in bfloat16 if the processor supports it natively. The peer is
`python -m benchmarks.tutorial features`: `predict` in float32 on `flow_from_directory`, batches of
32, then `np.save`. Without native bfloat16 both compute in float32 and differ little.
"""

from benchmarks import workspace
from benchmarks.harness import Row, Timing, in_turn, without_start

ROUNDS = 1


def against_tutorial() -> tuple[Timing, str]:
    """Measure row 6 of the table."""
    workspace.prepare("preprocess")
    ours, theirs = "import stages.extract", "import benchmarks.tutorial as x; x.keras.Model"
    start = in_turn(workspace.python(ours), workspace.python(theirs), ROUNDS)
    timing = in_turn(stage, tutorial, ROUNDS, warm_up=False)
    return timing, "; ".join([without_start(timing, start), *workspace.on_weights()])


def stage() -> int:
    """Run our side."""
    workspace.module("stages.extract")
    return workspace.preprocessed()


def tutorial() -> int:
    """Run the peer."""
    workspace.module("benchmarks.tutorial", "features", "--weights", workspace.weights())
    return workspace.organized()


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
