"""Whether an export says of the test split what Keras says, how large it is and how fast."""

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
# A median needs a few runs, and a second is enough of them.
RUNS, SECONDS = 5, 1.0


@dataclass(frozen=True)
class TestSplit:
    """Images of the test split, and what Keras says of them.

    Attributes:
        images: gives them one by one, uint8 (height, width, channels).
        labels: int (n,).
        expected: probabilities, (n, classes).
    """

    __test__ = False  # pytest takes the name for its own

    images: Callable[[], Iterable[np.ndarray]]
    labels: np.ndarray
    expected: np.ndarray

    def accuracy(self, probabilities: np.ndarray) -> float:
        """Share of the images whose right class is the most probable one."""
        return float((classes(probabilities) == self.labels).mean())


def classes(probabilities: np.ndarray) -> np.ndarray:
    """The most probable class of each row; -1 where there is something else than numbers."""
    return np.where(np.isfinite(probabilities).all(axis=1), probabilities.argmax(axis=1), -1)


def as_files(classifier: Classifier, dataset: Dataset) -> TestSplit:
    """The test split as it was organized, of any size and colour.

    Raises:
        UserError: data/organized is not there, or of another run.
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
        why = f"{folder} holds {len(found):,} images and data/tfrecords {count:,}"
        raise UserError(f"{why}; run `dvc checkout`, or `dvc pull` where somebody trained already")

    def images() -> Iterator[np.ndarray]:
        for file, _ in found:
            yield classifier.decode(file.read_bytes())

    expected = np.array(list(classifier.predict(_counted(images(), count, "keras"), 32)))
    return TestSplit(images, np.array([label for _, label in found]), expected)


def as_records(part: keras.Model, dataset: Dataset) -> TestSplit:
    """The test split as the models were given it, of one size.

    Args:
        part: of the classifier, after its resizing.
        dataset: of data/tfrecords.

    Raises:
        UserError: the records are not there.
    """
    if not records_exist(dataset, "test"):
        raise UserError(f"the test split is not in {paths.TFRECORDS}; run `dvc pull`")

    def images() -> Iterator[np.ndarray]:
        return (image for image, _, _ in read_records(dataset, "test"))

    labels, expected = [], []
    for batch, label, _ in read_batches(paths.TFRECORDS, dataset, "test", batch_size=32):
        expected.append(part.predict_on_batch(batch))
        labels.append(label.numpy())
    return TestSplit(images, np.concatenate(labels), np.concatenate(expected))


@dataclass(frozen=True)
class Likeness:
    """How near an export comes to Keras.

    Attributes:
        agreement: share of the images of which both say the same class.
        difference: the largest of two probabilities.
        accuracy: share of the images of which the export says the right class.
    """

    agreement: float
    difference: float
    accuracy: float


def liken(predict: Predict, test: TestSplit, name: str) -> Likeness:
    """Run an export on the test split, image by image."""
    images = _counted(test.images(), len(test.labels), name)
    given = np.concatenate([predict(image[np.newaxis]) for image in images])
    return Likeness(
        agreement=float((classes(given) == classes(test.expected)).mean()),
        difference=float(np.abs(given - test.expected).max()),
        accuracy=test.accuracy(given),
    )


def first_batch(test: TestSplit) -> np.ndarray:
    """As many images of one size as the largest batch has, repeated where there are fewer."""
    images = np.stack(list(islice(test.images(), max(BATCHES))))
    return images[np.arange(max(BATCHES)) % len(images)]


def speeds(predict: Predict, images: np.ndarray) -> list[float]:
    """Images per second in batches of `BATCHES`, each the median of some runs.

    Args:
        predict: what to measure.
        images: as many as the largest batch has.
    """
    return [n / _median_seconds(predict, images[:n]) for n in BATCHES]


def megabytes(path: Path) -> float:
    """Of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def _median_seconds(predict: Predict, batch: np.ndarray) -> float:
    predict(batch)  # the first one is slower
    taken: list[float] = []
    while len(taken) < RUNS or sum(taken) < SECONDS:
        start = time.perf_counter()
        predict(batch)
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def _counted(images: Iterable[np.ndarray], count: int, name: str) -> Iterator[np.ndarray]:
    # disable=None: no bar where the output is no terminal.
    return iter(tqdm(images, name, count, unit=" images", disable=None))
