"""Training input: batches of 32 images, 150x150, sheared, zoomed and flipped, a whole epoch.

Ours reads TFRecords, which the stage preprocess decoded and resized once. The peers read the same
images from the same folders, as their documentation says, with what it offers for speed:

- `ImageDataGenerator.flow_from_directory` (Keras legacy; what most tutorials on cats and dogs use),
  through what `fit` reads it with, and a worker thread per core instead of one.
- `image_dataset_from_directory`, decoded images kept by `cache()`, then Keras's layers
  `RandomShear`, `RandomZoom` and `RandomFlip` in a parallel `map`, then `prefetch`.
- torchvision's `ImageFolder` and a `DataLoader` with 2 persistent workers, in a process of its own:
  `TORCH_PYTHON` names an interpreter that has torch and torchvision.

One epoch of each comes first, untimed: files then come from the system's cache.
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
    """Row 1."""
    workspace.prepare("preprocess")
    return in_turn(epoch(convline()), epoch(image_data_generator()), ROUNDS), ""


def against_keras_layers() -> tuple[Timing, str]:
    """Row 2."""
    workspace.prepare("preprocess")
    return in_turn(epoch(convline()), epoch(keras_layers()), ROUNDS), ""


def against_torchvision() -> tuple[Timing, str]:
    """Row 3."""
    if "TORCH_PYTHON" not in os.environ:
        raise NotMeasured("set TORCH_PYTHON to an interpreter that has torch and torchvision")
    workspace.prepare("preprocess")
    with torchvision(os.environ["TORCH_PYTHON"]) as theirs:
        return in_turn(epoch(convline()), theirs, ROUNDS), ""


def epoch(make: Callable[[], Batches]) -> Side:
    """Go through all batches once; counts images."""
    return lambda: sum(len(images) for images, _ in make())


def convline() -> Callable[[], Batches]:
    """What the stage train reads: images, uint8 (batch, height, width, 3)."""
    params = load_params()
    set_up(
        params.seed, params.train.precision, device=params.runtime.device, gpus=params.runtime.gpus
    )
    batches = training_batches(load_dataset(), params.train, params.train.augmentation, params.seed)
    return lambda: batches


def image_data_generator() -> Callable[[], Batches]:
    """The tutorial's: images, float32 (batch, height, width, 3), divided by 255."""
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
    """Keras's own guide: images, float32 (batch, height, width, 3), 0 to 255."""
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
    """benchmarks/torch_input.py, which goes through an epoch for each line that it is sent."""
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
