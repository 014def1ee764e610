"""Choose images of the test split as examples for the web app, with their true classes."""

from dataclasses import dataclass

import numpy as np

from convline.records.dataset import FILE, load_dataset
from convline.runtime import paths
from convline.runtime.native_log import without_native_log
from convline.serving.record_images import read_records, records_exist

MOST = 12  # examples on the page


@dataclass(frozen=True)
class Example:
    """A test image.

    Attributes:
        key: its path in data/organized/test.
        truth: its true class.
        image: after preprocessing, with three channels, uint8 (height, width, 3).
    """

    key: str
    truth: str
    image: np.ndarray


def read_examples(classes: list[str]) -> list[Example]:
    """Choose up to 12 examples, equally many of each class, in the random order of the records.

    Args:
        classes: names in the order of the labels, from the model.

    Returns:
        Ordered by class; empty if the TFRecords are missing or belong to other classes.
    """
    if not (paths.TFRECORDS / FILE).is_file():
        return []
    dataset = load_dataset()
    if dataset.classes != classes or not records_exist(dataset, "test"):
        return []
    share = max(1, MOST // len(classes))
    there = dataset.splits["test"].classes
    wanted = {label: min(share, there.get(name, 0)) for label, name in enumerate(classes[:MOST])}
    found: dict[int, list[Example]] = {label: [] for label in wanted}
    with without_native_log():
        for image, label, key in read_records(dataset, "test"):
            if len(found.get(label, ())) < wanted.get(label, 0):
                colour = np.broadcast_to(image, (*image.shape[:2], 3))
                found[label].append(Example(key, classes[label], colour))
            if all(len(found[label]) == count for label, count in wanted.items()):
                break
    return [example for examples in found.values() for example in examples]
