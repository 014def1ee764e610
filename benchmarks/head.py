"""The stage train_head on 20,000 rows of VGG16 features, against the tutorial's `fit` on the same.

Both are whole processes: start, reading, training, validation on 5,000 rows, saving. The rows are
those of the 2,000 images, float32 (4, 4, 512), repeated under other keys with a little noise, as
many as the tutorial has images. Our side is `python -m stages.train_head`. The peer is `python -m
benchmarks.tutorial head`, which reads the same numbers with `np.load` and trains in float32. Both
train 2 epochs instead of 15 to save time, so that their start counts more.
"""

import shutil
from contextlib import chdir
from pathlib import Path

import numpy as np

from benchmarks import workspace
from benchmarks.harness import Limit, Result, Row, best_rate, in_turn, without_start
from convline.params.loading import load_params
from convline.records.dataset import Dataset, Split, load_dataset
from convline.records.features import Features, load_features, write_features
from convline.runtime import paths
from convline.runtime.keras_backend import keras
from convline.runtime.tensorflow_setup import set_up, tf
from convline.training.compiled_update import compile_update
from convline.training.optimizers import optimizer

ROWS_OF = {"train": 20_000, "validation": 5_000}
EPOCHS = 2
ROUNDS = 3
STEPS = 200  # of the arithmetic alone
NOISE = 0.01  # of the standard deviation


def against_tutorial() -> Result:
    """Measure the row."""
    workspace.prepare("extract")
    folder = Path("head")
    multiply(folder)
    with chdir(folder):
        workspace.set_params(
            f"train_head.epochs={EPOCHS}", f"train_head.early_stopping_patience={EPOCHS}"
        )
        timing = in_turn(stage, tutorial, ROUNDS, warm_up=False)
        start = in_turn(*workspace.start("train_head"), rounds=1)
        limit = arithmetic_alone()
    shutil.rmtree(folder)  # 1.6 GB
    return Result(timing, limit, f"{EPOCHS} epochs; {without_start(timing, start)}")


def arithmetic_alone() -> Limit:
    """Measure the products of the first layer and the update of its weights, 97 % of all."""
    params = load_params()
    section = params.train_head
    dtype = set_up(params.seed, section.precision, device="auto", gpus=1)
    features = load_features("train").features[: section.batch_size]
    x = tf.cast(features.reshape(len(features), -1), dtype)
    gradient = tf.zeros((len(x), section.dense_units[0]), dtype)
    weights = keras.Variable(tf.zeros((x.shape[1], section.dense_units[0])))
    update = compile_update(optimizer(section, STEPS))
    update.build([weights])

    def step() -> tf.Tensor:
        output = tf.matmul(x, tf.cast(weights, dtype))
        change = tf.cast(tf.matmul(x, gradient, transpose_a=True), weights.dtype)
        update.update_step(change, weights, section.learning_rate)
        return output

    compiled = tf.function(step)

    def side() -> int:
        for _ in range(STEPS):
            compiled()
        return STEPS * len(x)

    return Limit("products and update of the first layer", best_rate(side, ROUNDS))


def multiply(folder: Path) -> None:
    """Write the repeated features into `folder`, in the form of each side."""
    dataset = load_dataset()
    random = np.random.default_rng(0)
    splits = {}
    for split, rows in ROWS_OF.items():
        few = load_features(split)
        which = np.arange(rows) % len(few.labels)
        features = few.features.astype(np.float32)[which]
        noise = random.standard_normal(features.shape, np.float32)
        noise *= features.std() * NOISE
        features += noise
        keys = np.array([f"{few.keys[i]}-{row}" for row, i in enumerate(which)])
        labels = few.labels[which]
        batch = Features(features, labels, keys)
        into = folder / paths.FEATURES / split
        write_features([batch], into, features.shape, few.features.dtype)
        np.save(folder / f"features_{split}.npy", features)
        np.save(folder / f"labels_{split}.npy", labels)
        counts = np.bincount(labels).tolist()
        splits[split] = Split(
            {f"{split}.tfrecord": rows}, dict(zip(dataset.classes, counts, strict=True))
        )
    Dataset(dataset.classes, dataset.image_shape, dataset.encoding, splits).save(
        folder / paths.TFRECORDS
    )


def stage() -> int:
    """Run our side."""
    workspace.module("stages.train_head")
    return ROWS_OF["train"] * EPOCHS


def tutorial() -> int:
    """Run the peer."""
    workspace.module("benchmarks.tutorial", "head", "--epochs", str(EPOCHS))
    return ROWS_OF["train"] * EPOCHS


ROWS = [
    Row(
        "head",
        "head training on 20,000 feature rows, a whole process",
        "the tutorial's `fit` on the same arrays",
        "rows",
        2.3,
        against_tutorial,
    )
]
