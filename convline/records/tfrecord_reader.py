"""Read TFRecords of images; `convline/records/tfrecord_writer.py` describes their format."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from convline.records.dataset import Dataset
from convline.runtime import memory, paths
from convline.runtime.tensorflow_setup import tf

# Records are in a random order on disk already; a larger buffer than 256 MiB gains nothing.
SHUFFLE_BYTES = 256 << 20
# Fixed, since it decides on the order of the records, which must not depend on the machine's cores.
SHARDS_AT_ONCE = 8


def read_batches(
    folder: Path,
    dataset: Dataset,
    split: str,
    batch_size: int,
    shuffle_seed: int | None = None,
    *,
    repeatedly: bool = False,
) -> tf.data.Dataset:
    """Return the batches of one split.

    Args:
        folder: where the shards are.
        dataset: the description of them.
        split: train, validation or test.
        batch_size: of all batches but the last, which holds the rest: no example is dropped.
        shuffle_seed: another order in each epoch, the same ones for the same seed; None keeps the
            order of the records.
        repeatedly: whether there are epochs: what was decoded then stays in memory where it fits,
            which gives the same batches.

    Returns:
        Triples of images, uint8 (batch, height, width, channels), labels, int64 (batch,), and keys,
        string (batch,), with a known cardinality: Keras takes one optimizer step too many where
        the cardinality is unknown.
    """
    count = dataset.splits[split].examples
    image_bytes = math.prod(dataset.image_shape)
    files = [str(folder / shard) for shard in dataset.splits[split].shards]
    records = tf.data.TFRecordDataset(files, num_parallel_reads=SHARDS_AT_ONCE)
    examples = records.map(_parser(dataset), num_parallel_calls=tf.data.AUTOTUNE)
    examples = examples.apply(tf.data.experimental.assert_cardinality(count))
    if repeatedly and memory.fits(count * image_bytes):
        examples = examples.cache()
    if shuffle_seed is not None:
        buffer = min(count, SHUFFLE_BYTES // image_bytes + 1)
        examples = examples.shuffle(buffer, seed=shuffle_seed)
    return examples.batch(batch_size).prefetch(tf.data.AUTOTUNE)


def find_images(keys: set[str], dataset: Dataset) -> dict[str, np.ndarray]:
    """Return these images of the test split, uint8 (height, width, channels) each, by key."""
    images = {}
    for batch, _, names in read_batches(paths.TFRECORDS, dataset, "test", batch_size=64):
        for image, name in zip(batch.numpy(), names.numpy(), strict=True):
            if name.decode() in keys:
                images[name.decode()] = image
    return images


def _parser(dataset: Dataset) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
    features = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([], tf.int64),
        "key": tf.io.FixedLenFeature([], tf.string),
    }
    channels = dataset.image_shape[-1]

    def decode(image: tf.Tensor) -> tf.Tensor:
        if dataset.encoding == "raw":
            return tf.io.decode_raw(image, tf.uint8)
        if dataset.encoding == "png":
            return tf.io.decode_png(image, channels)
        # The default method may differ between builds of TensorFlow.
        return tf.io.decode_jpeg(image, channels, dct_method="INTEGER_ACCURATE")

    def parse(serialized: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        example = tf.io.parse_single_example(serialized, features)
        image = tf.reshape(decode(example["image"]), dataset.image_shape)
        return image, example["label"], example["key"]

    return parse
