"""Read the images of data/tfrecords one by one."""

from collections.abc import Iterator

import numpy as np

from convline.records.dataset import Dataset
from convline.records.tfrecord_reader import read_batches
from convline.runtime import paths


def records_exist(dataset: Dataset, split: str) -> bool:
    """Return True if all records of a split are on this machine."""
    shards = dataset.splits[split].shards
    return bool(shards) and all((paths.TFRECORDS / shard).is_file() for shard in shards)


def read_records(dataset: Dataset, split: str) -> Iterator[tuple[np.ndarray, int, str]]:
    """Yield the image, uint8 (height, width, channels), label and key of each record in order."""
    batches = read_batches(paths.TFRECORDS, dataset, split, batch_size=64)
    for images, labels, keys in batches.as_numpy_iterator():
        names = (key.decode() for key in keys)
        yield from zip(images, labels.tolist(), names, strict=True)
