"""Pictures of the test split to try the model on, with what they truly are."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stages.common import paths
from stages.common.dataset import Dataset, load_dataset
from stages.common.quiet import without_native_log
from stages.common.records import read_batches

MOST = 12


@dataclass(frozen=True)
class Example:
    """A test image.

    Attributes:
        key: its path in data/organized/test.
        truth: its class.
        image: as the models see it, in colour, uint8 (height, width, 3).
    """

    key: str
    truth: str
    image: np.ndarray


def read_examples(classes: list[str]) -> list[Example]:
    """As many of each class, 12 in all at most; none where the TFRecords are not here.

    Args:
        classes: names in the order of the labels.

    Returns:
        By class, those of one in the order of the records, which is random and always the same.
    """
    dataset = load_dataset()
    split = dataset.splits["test"]
    if not split.shards or not all((paths.TFRECORDS / shard).is_file() for shard in split.shards):
        return []
    share = max(1, MOST // len(classes))
    wanted = {
        label: min(share, split.classes.get(name, 0)) for label, name in enumerate(classes[:MOST])
    }
    found: dict[int, list[Example]] = {label: [] for label in wanted}
    with without_native_log():
        for image, label, key in _records(dataset):
            if len(found.get(label, ())) < wanted.get(label, 0):
                colour = np.broadcast_to(image, (*image.shape[:2], 3))
                found[label].append(Example(key.decode(), classes[label], colour))
            if all(len(found[label]) == count for label, count in wanted.items()):
                break
    return [example for examples in found.values() for example in examples]


def _records(dataset: Dataset) -> Iterator[tuple[np.ndarray, int, bytes]]:
    batches = read_batches(paths.TFRECORDS, dataset, "test", batch_size=64)
    for images, labels, keys in batches.as_numpy_iterator():
        yield from zip(images, labels.tolist(), keys, strict=True)
