"""Compare an export with Keras on the test split; measure its size and speed."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from convline.exporting.export_formats import Predict
from convline.records.dataset import Dataset
from convline.records.shards import visible
from convline.records.tfrecord_reader import read_batches
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from convline.serving.loaded_classifier import Classifier
from convline.serving.record_images import read_records, records_exist

BATCHES = (1, 32)
RUNS, SECONDS = 5, 1.0  # a speed is the median of at least 5 runs that take at least a second


@dataclass(frozen=True)
class TestSplit:
    """Images of the test split and Keras's predictions for them.

    Attributes:
        images: returns the images one by one, uint8 (height, width, channels).
        labels: int (n,).
        expected: Keras's probabilities, (n, classes).
    """

    __test__ = False  # not a test, although pytest would collect it by its name

    images: Callable[[], Iterable[np.ndarray]]
    labels: np.ndarray
    expected: np.ndarray

    def accuracy(self, probabilities: np.ndarray) -> float:
        """Return the share of images whose true class is the most probable one."""
        return float((classes(probabilities) == self.labels).mean())


def classes(probabilities: np.ndarray) -> np.ndarray:
    """Return the most probable class of each row, or -1 if a probability is not finite."""
    return np.where(np.isfinite(probabilities).all(axis=1), probabilities.argmax(axis=1), -1)


def as_files(classifier: Classifier, dataset: Dataset) -> TestSplit:
    """Read the test split from data/organized: images of any size and colour.

    Raises:
        UserError: data/organized is missing or belongs to another run.
    """
    folder = paths.ORGANIZED / "test"
    found = [
        (file, label)
        for label, name in enumerate(classifier.classes)
        if (folder / name).is_dir()
        for file in sorted(visible(folder / name))
    ]
    count = dataset.splits["test"].examples
    if len(found) != count:
        why = f"{folder} contains {len(found):,} images and {paths.TFRECORDS} {count:,}"
        raise UserError(f"{why}; run `dvc checkout`, or `dvc pull` if the data are shared")

    def images() -> Iterator[np.ndarray]:
        for file, _ in found:
            yield classifier.decode(file.read_bytes())

    expected = np.array(list(classifier.predict(_counted(images(), count, "keras"), 32)))
    return TestSplit(images, np.array([label for _, label in found]), expected)


def as_records(part: keras.Model, dataset: Dataset) -> TestSplit:
    """Read the test split from data/tfrecords: images of the model's own size.

    Args:
        part: the part of the classifier after its resizing.
        dataset: describes data/tfrecords.

    Raises:
        UserError: the records are missing.
    """
    if not records_exist(dataset, "test"):
        raise UserError(f"{paths.TFRECORDS} does not contain the test split; run `dvc pull`")

    def images() -> Iterator[np.ndarray]:
        return (image for image, _, _ in read_records(dataset, "test"))

    labels, expected = [], []
    for batch, label, _ in read_batches(paths.TFRECORDS, dataset, "test", batch_size=32):
        expected.append(part.predict_on_batch(batch))
        labels.append(label.numpy())
    return TestSplit(images, np.concatenate(labels), np.concatenate(expected))


@dataclass(frozen=True)
class Agreement:
    """Agreement of an export with Keras.

    Attributes:
        agreement: share of images for which both predict the same class.
        difference: largest difference between two probabilities.
        accuracy: share of images for which the export predicts the true class.
    """

    agreement: float
    difference: float
    accuracy: float


def compare_with_keras(predict: Predict, test: TestSplit, name: str) -> Agreement:
    """Run an export on the test split, image by image, and compare its probabilities."""
    images = _counted(test.images(), len(test.labels), name)
    given = np.concatenate([predict(image[np.newaxis]) for image in images])
    return Agreement(
        agreement=float((classes(given) == classes(test.expected)).mean()),
        difference=float(np.abs(given - test.expected).max()),
        accuracy=test.accuracy(given),
    )


def first_batch(test: TestSplit) -> np.ndarray:
    """Return enough images of one size for the largest batch, repeated if there are fewer."""
    images = np.stack(list(islice(test.images(), max(BATCHES))))
    return images[np.arange(max(BATCHES)) % len(images)]


def speeds(predict: Predict, images: np.ndarray) -> list[float]:
    """Return images per second for each batch size of `BATCHES`, the median over runs.

    Args:
        predict: the function to time.
        images: as many as the largest batch size.
    """
    return [n / _median_seconds(predict, images[:n]) for n in BATCHES]


def megabytes(path: Path) -> float:
    """Return the size of a file, or of all files in a folder, in MB."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def _median_seconds(predict: Predict, batch: np.ndarray) -> float:
    predict(batch)  # the first run is slower
    taken: list[float] = []
    while len(taken) < RUNS or sum(taken) < SECONDS:
        start = time.perf_counter()
        predict(batch)
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def _counted(images: Iterable[np.ndarray], count: int, name: str) -> Iterator[np.ndarray]:
    # disable=None: a progress bar only in a terminal.
    return iter(tqdm(images, name, count, unit=" images", disable=None))
