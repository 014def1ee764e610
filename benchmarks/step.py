"""Training steps with our input, against the same model on one constant batch.

Both are `fit` of the stage train's model, optimizer and precision, without validation. The peer has
one augmented batch in memory, which costs nothing to read. A ratio of 1 means that the model never
waits for its input. A second row compares the step on one batch with PyTorch's.
"""

from benchmarks import workspace
from benchmarks.harness import Limit, Result, Row, Side, best_rate, in_turn
from benchmarks.torch_process import torch_process
from convline.networks.cnn import build_cnn
from convline.params.loading import load_params
from convline.records.dataset import load_dataset
from convline.runtime.keras_backend import keras
from convline.runtime.tensorflow_setup import set_up, tf, without_tuner
from convline.training.batches import training_batches
from convline.training.fit import compile_model

EPOCHS = 2  # 80 steps
ROUNDS = 3


def against_one_batch() -> Result:
    """Measure the row."""
    workspace.prepare("preprocess")
    ours, theirs = sides(EPOCHS)
    return Result(in_turn(ours, theirs, ROUNDS))


def against_torch() -> Result:
    """Measure the row."""
    workspace.prepare("preprocess")
    params = load_params()
    _, ours = sides(EPOCHS)
    dtype = keras.config.dtype_policy().compute_dtype
    size = (*params.preprocess.image_size, params.train.batch_size)
    with torch_process("torch_cnn.py", dtype, *size, ours()) as theirs:
        return Result(in_turn(ours, theirs, ROUNDS))


def sides(epochs: int) -> tuple[Side, Side]:
    """Return both sides: the same model on the train split and on one batch of it."""
    params, dataset = load_params(), load_dataset()
    set_up(
        params.seed, params.train.precision, device=params.runtime.device, gpus=params.runtime.gpus
    )
    model = build_cnn(params.train, dataset.image_shape, len(dataset.classes))
    batches = training_batches(dataset, params.train, params.train.augmentation, params.seed)
    steps = int(batches.cardinality())
    compile_model(model, params.train, steps)
    one = without_tuner(tf.data.Dataset.from_tensors(next(iter(batches))).repeat(steps))
    return fit(model, batches, epochs), fit(model, one, epochs)


def one_batch() -> Limit:
    """Measure training on one batch alone, in images per second."""
    _, side = sides(EPOCHS)
    batch_size = load_params().train.batch_size
    return Limit("training on one batch", batch_size * best_rate(side, ROUNDS))


def fit(model: keras.Model, batches: tf.data.Dataset, epochs: int) -> Side:
    """Return a side that trains and counts the optimizer's steps."""

    def side() -> int:
        before = int(model.optimizer.iterations)
        model.fit(batches, epochs=epochs, shuffle=False, verbose=0)
        return int(model.optimizer.iterations) - before

    return side


ROWS = [
    Row(
        "step",
        "training steps fed by our input",
        "the same model on one batch that never changes",
        "steps",
        0.97,
        against_one_batch,
    ),
    Row(
        "step-vs-torch",
        "training steps on one batch",
        "the same CNN in PyTorch, autocast to bfloat16, channels_last",
        "steps",
        1.5,
        against_torch,
    ),
]
