"""The extract stage: features keep the order of the records."""

import numpy as np

from stages import extract
from stages.common import paths, runtime
from stages.common.backend import keras
from stages.common.dataset import Dataset, Split
from stages.common.runtime import tf
from stages.common.tfrecord import serialize


def test_features_keep_the_order_of_the_records_and_lose_none(workspace):
    dataset, images = records(10)
    runtime.set_up(0, CPU, "float32")
    extractor = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
    features = extract.extract_split(extractor, dataset, "train", batch_size=4)
    assert np.array_equal(features.features, images.reshape(10, 16))
    assert features.labels.tolist() == [i % 2 for i in range(10)]
    assert features.keys.tolist() == [f"{i % 2}/{i}" for i in range(10)]


def records(examples):
    paths.TFRECORDS.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (examples, 4, 4, 1), np.uint8)
    with tf.io.TFRecordWriter(str(paths.TFRECORDS / "one.tfrecord")) as writer:
        for i, image in enumerate(images):
            writer.write(serialize(image.tobytes(), i % 2, f"{i % 2}/{i}"))
    split = Split({"one.tfrecord": examples}, {"0": examples // 2, "1": examples // 2})
    return Dataset(["0", "1"], [4, 4, 1], "raw", {"train": split}), images
