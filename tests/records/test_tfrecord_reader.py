"""Batches of images: the same from memory and from disk, on any number of cores."""

import os

import numpy as np
import pytest

from convline.records import tfrecord_reader
from convline.records.tfrecord_reader import read_batches
from convline.runtime import memory, paths
from tests.tiny_records import image, write_records

SHAPE = [6, 5, 1]


@pytest.mark.parametrize("encoding", ["raw", "png"])
@pytest.mark.parametrize("shuffle_seed", [None, 7])
def test_batches_from_memory_are_those_from_disk(workspace, monkeypatch, encoding, shuffle_seed):
    dataset = write_records(SHAPE, encoding, shards=3, train=25)
    epochs = {}
    for fits in (True, False):
        monkeypatch.setattr(memory, "fits", lambda size, fits=fits: fits)
        batches = read_batches(paths.TFRECORDS, dataset, "train", 4, shuffle_seed, repeatedly=True)
        assert batches.cardinality() == 7
        epochs[fits] = [keys_of(batches) for _ in range(2)]
    assert epochs[True] == epochs[False]
    first, second = epochs[True]
    assert sorted(first) == sorted(f"{i % 2}/{i}" for i in range(25))
    assert (first == second) == (shuffle_seed is None)


def test_what_fits_is_decoded_once_and_nothing_else_is_kept(workspace, monkeypatch):
    asked = []
    monkeypatch.setattr(memory, "fits", lambda size: bool(asked.append(size)) or True)
    dataset = write_records(SHAPE, "raw", train=10)
    kept = read_batches(paths.TFRECORDS, dataset, "train", 4, repeatedly=True)
    assert asked == [10 * 6 * 5]
    once = read_batches(paths.TFRECORDS, dataset, "train", 4)
    assert asked == [10 * 6 * 5]
    first = keys_of(kept), keys_of(once)
    (paths.TFRECORDS / "train-00000-of-00001.tfrecord").unlink()
    assert keys_of(kept) == first[0]
    with pytest.raises(Exception, match="No such file"):
        keys_of(once)


def test_the_end_of_an_epoch_does_not_wait_for_a_tuner(workspace):
    dataset = write_records(SHAPE, train=4)
    batches = read_batches(paths.TFRECORDS, dataset, "train", 2, 1, repeatedly=True)
    assert batches.options().autotune.enabled is False


def test_shards_are_read_in_an_order_that_does_not_depend_on_the_machine(workspace, monkeypatch):
    shards = 2 * tfrecord_reader.SHARDS_AT_ONCE + 1
    dataset = write_records(SHAPE, "raw", shards, train=60)
    orders = []
    for cores in (1, 64, 64):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        orders.append(keys_of(read_batches(paths.TFRECORDS, dataset, "train", 8)))
    assert orders[0] == orders[1] == orders[2]
    # One record of each of the shards that are read at once, in turn.
    firsts = np.cumsum([0, *dataset.splits["train"].shards.values()])
    expected = [f"{i % 2}/{i}" for i in firsts[: tfrecord_reader.SHARDS_AT_ONCE].tolist()]
    assert orders[0][: tfrecord_reader.SHARDS_AT_ONCE] == expected


def keys_of(batches) -> list[str]:
    """The key of each example in order; its pixels and label must be those of the key."""
    found = []
    for images, labels, keys in batches.as_numpy_iterator():
        for pixels, label, key in zip(images, labels, keys, strict=True):
            assert pixels.dtype == np.uint8
            number = int(key.decode().split("/")[1])
            assert np.array_equal(pixels, image("train", number, SHAPE))
            assert label == number % 2
            found.append(key.decode())
    return found
