"""The extract stage: features keep the order of the records."""

import numpy as np

from convline.runtime import tensorflow_setup
from convline.runtime.keras_backend import keras
from stages import extract
from tests.tiny_records import CPU, image, write_records


def test_features_keep_the_order_of_the_records_and_lose_none(workspace):
    dataset = write_records([4, 4, 1], train=10)
    tensorflow_setup.set_up(0, "float32", **CPU)
    extractor = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
    batches = list(extract.extract_split(extractor, dataset, "train", batch_size=4))
    assert [len(batch.features) for batch in batches] == [4, 4, 2]
    features, labels, keys = (np.concatenate(x) for x in zip(*batches, strict=True))
    expected = [image("train", i, [4, 4, 1]).ravel() for i in range(10)]
    assert np.array_equal(features, expected)
    assert labels.tolist() == [i % 2 for i in range(10)]
    assert keys.tolist() == [f"{i % 2}/{i}" for i in range(10)]
