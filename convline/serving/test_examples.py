"""Pictures of the test split to try the model on, with what they truly are."""

from dataclasses import dataclass

import numpy as np

from convline.records.dataset import load_dataset
from convline.runtime.native_log import without_native_log
from convline.serving.single_records import are_here, read_records

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
    if not are_here(dataset, "test"):
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
