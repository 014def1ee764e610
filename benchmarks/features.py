"""The stage extract, VGG16's features of 2,000 images, against the tutorial's `predict`.

Both are whole processes: start, reading, computing, writing. Our side is `python -m stages.extract`
on TFRecords of resized images, in bfloat16 if the processor supports it natively. The peer is
`python -m benchmarks.tutorial features`: `predict` in float32 on `flow_from_directory`, batches of
32, then `np.save`. Without native bfloat16 both compute in float32 and differ little.
"""

import numpy as np

from benchmarks import workspace
from benchmarks.harness import Limit, Result, Row, best_rate, in_turn, without_start
from convline.networks.backbones import build_extractor
from convline.params.loading import load_params
from convline.records.dataset import load_dataset
from convline.runtime.tensorflow_setup import set_up

ROUNDS = 1
BATCHES = 8  # of VGG16 alone


def against_tutorial() -> Result:
    """Measure the row."""
    workspace.prepare("preprocess")
    start = in_turn(*workspace.start("extract"), rounds=ROUNDS)
    timing = in_turn(stage, tutorial, ROUNDS, warm_up=False)
    note = "; ".join([without_start(timing, start), *workspace.on_weights()])
    return Result(timing, network_alone(), note)


def network_alone() -> Limit:
    """Measure VGG16 on one batch in memory."""
    params, shape = load_params(), load_dataset().image_shape
    set_up(params.seed, params.extract.precision, device="auto", gpus=1)
    network = build_extractor(params.extract, shape, params.seed)
    batch = np.zeros((params.extract.batch_size, *shape), np.uint8)

    def side() -> int:
        return sum(len(network.predict_on_batch(batch)) for _ in range(BATCHES))

    return Limit("VGG16 on one batch", best_rate(side, 2))


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
