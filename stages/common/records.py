"""TFRecords of images: the form of one record, and reading them back.

A record is a tf.train.Example of `image` (bytes: raw uint8 pixels, PNG or JPEG), `label` (int64)
and `key` (bytes: `<class>/<file>`).
"""

from collections.abc import Callable
from pathlib import Path

from stages.common.dataset import Dataset
from stages.common.runtime import tf

# Records are in a random order on disk already; 256 MiB more shuffling than that is luxury.
SHUFFLE_BYTES = 256 << 20


def serialize(image: bytes, label: int, key: str) -> bytes:
    """One record; equal arguments give equal bytes."""
    feature = {
        "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[image])),
        "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
        "key": tf.train.Feature(bytes_list=tf.train.BytesList(value=[key.encode()])),
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    return example.SerializeToString(deterministic=True)


def read_batches(
    folder: Path, dataset: Dataset, split: str, batch_size: int, shuffle_seed: int | None = None
) -> tf.data.Dataset:
    """Batches of one split.

    Args:
        folder: where the shards are.
        dataset: the description of them.
        split: train, validation or test.
        batch_size: of all batches but the last, which holds the rest: no example is dropped.
        shuffle_seed: another order in each epoch, the same ones for the same seed; None keeps the
            order of the records.

    Returns:
        Pairs of images, uint8 (batch, height, width, channels), labels, int64 (batch,), and keys,
        string (batch,), with a known cardinality: Keras takes one optimizer step too many where
        the cardinality is unknown.
    """
    examples = dataset.splits[split].examples
    files = [str(folder / shard) for shard in dataset.splits[split].shards]
    count = tf.data.experimental.assert_cardinality(examples)
    records = tf.data.TFRecordDataset(files).apply(count)
    if shuffle_seed is not None:
        height, width, channels = dataset.image_shape
        buffer = min(examples, SHUFFLE_BYTES // (height * width * channels) + 1)
        records = records.shuffle(buffer, seed=shuffle_seed)
    batches = records.batch(batch_size).map(_parser(dataset), num_parallel_calls=tf.data.AUTOTUNE)
    return batches.prefetch(tf.data.AUTOTUNE)


def _parser(dataset: Dataset) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
    features = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([], tf.int64),
        "key": tf.io.FixedLenFeature([], tf.string),
    }
    height, width, channels = dataset.image_shape

    def decode_one(image: tf.Tensor) -> tf.Tensor:
        if dataset.encoding == "png":
            return tf.io.decode_png(image, channels)
        # The system's choice, else, may differ from one build of TensorFlow to the next.
        return tf.io.decode_jpeg(image, channels, dct_method="INTEGER_ACCURATE")

    def parse(serialized: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        batch = tf.io.parse_example(serialized, features)
        if dataset.encoding == "raw":
            images = tf.io.decode_raw(batch["image"], tf.uint8)
        else:
            images = tf.map_fn(decode_one, batch["image"], fn_output_signature=tf.uint8)
        images = tf.reshape(images, [-1, height, width, channels])
        return images, batch["label"], batch["key"]

    return parse
