"""TFRecords are written byte for byte as TensorFlow writes them."""

import pytest

from convline.records.tfrecord_writer import serialize, write_record
from convline.runtime.tensorflow_setup import tf


# Lengths and labels about the numbers where another byte is needed for them: 2**7 and 2**14.
@pytest.mark.parametrize("size", [0, 1, 127, 128, 16383, 16384, 70000])
@pytest.mark.parametrize("label", [0, 1, 127, 128, 300, 2**40])
@pytest.mark.parametrize("key", ["", "cat/0.jpg", "dog/猫.png", "x" * 200])
def test_a_record_has_the_bytes_of_tensorflows_example(size, label, key):
    image = bytes(i % 251 for i in range(size))
    assert serialize(image, label, key) == example(image, label, key)


def test_a_file_has_the_bytes_of_tensorflows_writer(tmp_path):
    records = [b"", b"x", bytes(range(256)), serialize(bytes(5000), 3, "cat/0.jpg")]
    with (tmp_path / "ours").open("wb") as file:
        for record in records:
            write_record(file, record)
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as writer:
        for record in records:
            writer.write(record)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def example(image: bytes, label: int, key: str) -> bytes:
    features = {
        "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[image])),
        "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
        "key": tf.train.Feature(bytes_list=tf.train.BytesList(value=[key.encode()])),
    }
    record = tf.train.Example(features=tf.train.Features(feature=features))
    return record.SerializeToString(deterministic=True)
