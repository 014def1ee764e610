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
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks import workspace
from benchmarks.harness import Limit, Result, Row, Side, best_rate, in_turn
from benchmarks.torch_process import torch_process
from convline.params.loading import load_params
from convline.records.dataset import load_dataset
from convline.runtime import paths
from convline.runtime.keras_backend import keras
from convline.runtime.tensorflow_setup import set_up, tf, threads
from convline.training import augmentation, augmentation_cpu
from convline.training.batches import training_batches

Batches = Iterable[tuple[Any, Any]]
TRAIN = paths.ORGANIZED / "train"
ROUNDS = 5
# Images per batch and batches of the warp alone.
BATCH, BATCHES = 32, 100


def against_image_data_generator() -> Result:
    """Measure the row."""
    workspace.prepare("preprocess")
    ours, theirs = convline(), image_data_generator()
    return Result(in_turn(epoch(ours), epoch(theirs), ROUNDS), warp_alone())


def against_keras_layers() -> Result:
    """Measure the row."""
    workspace.prepare("preprocess")
    return Result(in_turn(epoch(convline()), epoch(keras_layers()), ROUNDS), warp_alone())


def against_torchvision() -> Result:
    """Measure the row."""
    workspace.prepare("preprocess")
    params = load_params()
    size = (*params.preprocess.image_size, params.train.batch_size)
    with torch_process("torch_input.py", TRAIN, *size) as theirs:
        return Result(in_turn(epoch(convline()), theirs, ROUNDS), warp_alone())


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


def warp_alone() -> Limit:
    """Measure OpenCV's warp of one batch in memory, in a thread per core."""
    params, dataset = load_params(), load_dataset()
    height, width, channels = dataset.image_shape
    seed = tf.constant([1, 2], tf.int64)
    draws = augmentation.draw(BATCH, height, width, params.train.augmentation, seed)
    images = np.random.default_rng(0).integers(0, 256, (BATCH, height, width, channels), np.uint8)
    fields = [np.asarray(field) for field in draws]

    def warp(_: int) -> int:
        return len(augmentation_cpu.change(images, *fields))

    with ThreadPoolExecutor(threads()) as pool:
        rate = best_rate(lambda: sum(pool.map(warp, range(BATCHES))), ROUNDS)
    return Limit("OpenCV's warp alone", rate)


WHAT = "training input with shear, zoom and flip, from TFRecords"
ROWS = [
    Row(
        "input-vs-image-data-generator",
        WHAT,
        "`ImageDataGenerator.flow_from_directory` (Keras legacy), a worker per core",
        "images",
        17,
        against_image_data_generator,
    ),
    Row(
        "input-vs-keras-layers",
        "the same",
        "`image_dataset_from_directory`, cached, `RandomShear`, `RandomZoom`, `RandomFlip`",
        "images",
        8,
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
