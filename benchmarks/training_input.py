"""Training input: one epoch in batches of 32 images, 150x150, sheared, zoomed and flipped.

Our side reads TFRecords, which the stage preprocess decoded and resized once. The peers read the
same images from the same folders, with the options that their documentation recommends for speed:

- `ImageDataGenerator.flow_from_directory` (Keras legacy, in most tutorials on cats and dogs), read
  with the adapter of `fit` and one worker thread per core.
- `image_dataset_from_directory`, decoded images in `cache()`, then Keras's layers
  `RandomShear`, `RandomZoom` and `RandomFlip` in a parallel `map`, then `prefetch`.
- torchvision's `ImageFolder` and a `DataLoader` with 2 persistent workers, in its own process.
  `TORCH_PYTHON` names an interpreter with torch and torchvision.

One untimed epoch of each fills the system's file cache.
"""

import math
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks import workspace
from benchmarks.harness import NotMeasured, Row, Side, Timing, in_turn
from convline.params.loading import load_params
from convline.records.dataset import load_dataset
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from convline.runtime.tensorflow_setup import set_up, tf
from convline.training.batches import training_batches

Batches = Iterable[tuple[Any, Any]]
TRAIN = paths.ORGANIZED / "train"
ROUNDS = 5


def against_image_data_generator() -> tuple[Timing, str]:
    """Measure row 1 of the table."""
    workspace.prepare("preprocess")
    return in_turn(epoch(convline()), epoch(image_data_generator()), ROUNDS), ""


def against_keras_layers() -> tuple[Timing, str]:
    """Measure row 2 of the table."""
    workspace.prepare("preprocess")
    return in_turn(epoch(convline()), epoch(keras_layers()), ROUNDS), ""


def against_torchvision() -> tuple[Timing, str]:
    """Measure row 3 of the table."""
    if "TORCH_PYTHON" not in os.environ:
        raise NotMeasured("set TORCH_PYTHON to an interpreter with torch and torchvision")
    workspace.prepare("preprocess")
    with torchvision(os.environ["TORCH_PYTHON"]) as theirs:
        return in_turn(epoch(convline()), theirs, ROUNDS), ""


def epoch(make: Callable[[], Batches]) -> Side:
    """Return a side that reads all batches once and counts images."""
    return lambda: sum(len(images) for images, _ in make())


def convline() -> Callable[[], Batches]:
    """Return the batches of the stage train: images, uint8 (batch, height, width, 3)."""
    params = load_params()
    set_up(
        params.seed, params.train.precision, device=params.runtime.device, gpus=params.runtime.gpus
    )
    batches = training_batches(load_dataset(), params.train, params.train.augmentation, params.seed)
    return lambda: batches


def image_data_generator() -> Callable[[], Batches]:
    """Return the tutorial's batches: images, float32 (batch, height, width, 3), 0 to 1."""
    params = load_params()
    change = params.train.augmentation
    flow = tf.keras.preprocessing.image.ImageDataGenerator(
        rescale=1 / 255,
        shear_range=change.shear_degrees,
        zoom_range=change.zoom_fraction,
        horizontal_flip=change.horizontal_flip,
    ).flow_from_directory(
        TRAIN,
        target_size=params.preprocess.image_size,
        batch_size=params.train.batch_size,
        class_mode="categorical",
    )
    flow.workers = os.cpu_count()
    adapter = keras.src.trainers.data_adapters.py_dataset_adapter.PyDatasetAdapter(flow)

    def batches() -> Iterator[tuple[Any, Any]]:
        adapter.on_epoch_begin()
        yield from adapter.get_tf_dataset()
        adapter.on_epoch_end()

    return batches


def keras_layers() -> Callable[[], Batches]:
    """Return batches as in Keras's guide: images, float32 (batch, height, width, 3), 0 to 255."""
    params = load_params()
    change = params.train.augmentation
    layers = [
        keras.layers.RandomShear(x_factor=math.radians(change.shear_degrees)),
        keras.layers.RandomZoom(change.zoom_fraction, change.zoom_fraction),
        keras.layers.RandomFlip("horizontal"),
    ]

    def augment(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        for layer in layers:
            images = layer(images, training=True)
        return images, labels

    batches = keras.utils.image_dataset_from_directory(
        TRAIN,
        label_mode="categorical",
        image_size=params.preprocess.image_size,
        batch_size=params.train.batch_size,
    )
    batches = batches.cache().map(augment, num_parallel_calls=tf.data.AUTOTUNE)
    batches = batches.prefetch(tf.data.AUTOTUNE)
    return lambda: batches


@contextmanager
def torchvision(python: str) -> Iterator[Side]:
    """Run benchmarks/torch_input.py, which reads one epoch per line on its stdin."""
    params = load_params()
    script = str(workspace.ROOT / "benchmarks/torch_input.py")
    size = [str(x) for x in (*params.preprocess.image_size, params.train.batch_size)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [python, script, str(TRAIN), *size], stdin=pipe, stdout=pipe, text=True, bufsize=1
    ) as process:

        def answer() -> str:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise UserError("the interpreter of TORCH_PYTHON failed, see above")
            return line

        def epoch() -> int:
            print("epoch", file=process.stdin)
            return int(answer())

        answer()  # It is ready.
        yield epoch


WHAT = "training input with shear, zoom and flip, from TFRecords"
ROWS = [
    Row(
        "input-vs-image-data-generator",
        WHAT,
        "`ImageDataGenerator.flow_from_directory` (Keras legacy), a worker per core",
        "images",
        10,
        against_image_data_generator,
    ),
    Row(
        "input-vs-keras-layers",
        "the same",
        "`image_dataset_from_directory`, cached, `RandomShear`, `RandomZoom`, `RandomFlip`",
        "images",
        15,
        against_keras_layers,
    ),
    Row(
        "input-vs-torchvision",
        "the same",
        "torchvision `ImageFolder` and `DataLoader`, 2 workers",
        "images",
        3,
        against_torchvision,
    ),
]
