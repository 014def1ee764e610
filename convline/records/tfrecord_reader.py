"""Read TFRecords of images; `convline/records/tfrecord_writer.py` describes their format."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from convline.records.dataset import Dataset
from convline.runtime import memory, paths
from convline.runtime.tensorflow_setup import PREFETCH, tf, threads, without_tuner

# Records are already in random order on disk, so a buffer larger than 256 MiB gains nothing.
SHUFFLE_BYTES = 256 << 20
# Fixed, because it determines the order of records, which must not depend on the number of cores.
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
        folder: folder of the shards.
        dataset: description of the shards.
        split: train, validation or test.
        batch_size: number of examples per batch; the last batch may be smaller.
        shuffle_seed: seed of the order, which differs in each epoch; None keeps the order of the
            records.
        repeatedly: True if the batches are read more than once: the decoded images then stay in
            memory if they fit. The batches are the same.

    Returns:
        Triples of images, uint8 (batch, height, width, channels), labels, int64 (batch,), and keys,
        string (batch,). Their number is known: without it, Keras takes one optimizer step too many.
    """
    count = dataset.splits[split].examples
    image_bytes = math.prod(dataset.image_shape)
    files = [str(folder / shard) for shard in dataset.splits[split].shards]
    records = without_tuner(tf.data.TFRecordDataset(files, num_parallel_reads=SHARDS_AT_ONCE))
    examples = records.map(_parser(dataset), num_parallel_calls=threads())
    examples = examples.apply(tf.data.experimental.assert_cardinality(count))
    if repeatedly and memory.fits(count * image_bytes):
        examples = examples.cache()
    if shuffle_seed is not None:
        buffer = min(count, SHUFFLE_BYTES // image_bytes + 1)
        examples = examples.shuffle(buffer, seed=shuffle_seed)
    return examples.batch(batch_size).prefetch(PREFETCH)


def find_images(keys: set[str], dataset: Dataset) -> dict[str, np.ndarray]:
    """Return images of the test split by their keys, each uint8 (height, width, channels)."""
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
