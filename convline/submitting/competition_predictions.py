"""Predict a competition's test images, read from its archive."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from convline.images.archives import read_members
from convline.images.decoding import BadImage
from convline.runtime.errors import UserError
from convline.serving.loaded_classifier import Classifier


def predict(
    classifier: Classifier,
    archive: Path,
    images: Sequence[str],
    batch_size: int,
    encoding: str | None,
) -> np.ndarray:
    """Return the probabilities of these members of the archive, float (images, classes).

    `encoding` is `organize.metadata_encoding`.

    Raises:
        UserError: an image cannot be decoded, since a submission needs a row for it.
    """
    wanted = set(images)
    read: list[str] = []

    def decoded() -> Iterator[np.ndarray]:
        members = read_members(archive, wanted.__contains__, encoding)
        # disable=None: no bar unless the output is a terminal.
        for name, data in tqdm(members, "predict", len(wanted), unit=" images", disable=None):
            try:
                image = classifier.decode(data, name)
            except BadImage as error:
                why = "and a submission needs a row for every image"
                raise UserError(f"{archive}: {name} cannot be decoded ({error}), {why}") from error
            read.append(name)
            wanted.discard(name)  # an archive may contain a file twice
            yield image

    rows = list(classifier.predict(decoded(), batch_size))
    by_name = dict(zip(read, rows, strict=True))
    return np.stack([by_name[name] for name in images])


def trained_part(classifier: Classifier) -> str:
    """Return the name of the model: `scratch`, `transfer` or `transfer, fine-tuned`."""
    description = classifier.trained.description
    return description.model + ", fine-tuned" * description.fine_tuned
