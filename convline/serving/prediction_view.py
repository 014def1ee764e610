"""What the model says of one image, as words and pictures of a page."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from convline.explanation.feature_pictures import fit, overlay
from convline.explanation.grad_cam import grad_cam
from convline.images.decoding import BadImage, decode
from convline.reporting.html import data_uri
from convline.serving.loaded_classifier import Classifier

SIDE, THUMBNAIL = 480, 96  # pixels


@dataclass(frozen=True)
class Heat:
    """Grad-CAM of one class.

    Attributes:
        label: the class.
        uri: the heat map over the picture; empty where nothing speaks for the class.
    """

    label: str
    uri: str


@dataclass(frozen=True)
class Answer:
    """What is shown of an image.

    Attributes:
        classes: each class with its probability, the likeliest first.
        picture: data URI.
        heats: of the likeliest classes.
    """

    classes: list[tuple[str, float]]
    picture: str
    heats: list[Heat]

    @property
    def label(self) -> str:
        """The likeliest class."""
        return self.classes[0][0]

    @property
    def percent(self) -> str:
        """How likely it is; 100 only where nothing else is possible."""
        p = 100 * self.classes[0][1]
        return "over 99.9" if 99.95 <= p < 100 else f"{p:.1f}"


def answer_file(
    classifier: Classifier, data: bytes, heats: int = 1, max_pixels: int | None = None
) -> Answer:
    """Classify an image file.

    Args:
        classifier: the model.
        data: the file.
        heats: as in `answer`.
        max_pixels: the largest decoded image that is taken; None: any.

    Raises:
        BadImage: it cannot be decoded, or is too large.
    """
    image = classifier.decode(data)
    height, width = image.shape[:2]
    if max_pixels and height * width > max_pixels:
        raise BadImage(f"{width}x{height} pixels are more than {max_pixels:,}")
    # What is shown must not be as coarse as what a model of small images is given.
    return answer(classifier, image, decode(data, "rgb", SIDE), heats)


def answer(
    classifier: Classifier, image: np.ndarray, picture: Image.Image, heats: int = 1
) -> Answer:
    """Classify an image.

    Args:
        classifier: the model.
        image: uint8 (height, width, 3).
        picture: the same to be shown.
        heats: for how many of the likeliest classes to draw what speaks for them.
    """
    seen = classifier.resize(image)
    (p,) = classifier.classify(seen[np.newaxis])
    order = np.argsort(-p, kind="stable")
    picture = fit(picture, SIDE)
    likeliest = order[:heats]
    maps = grad_cam(classifier.parts, np.stack([seen] * len(likeliest)), likeliest)
    return Answer(
        [(classifier.classes[i], float(p[i])) for i in order],
        _uri(picture),
        [
            Heat(classifier.classes[i], _uri(overlay(picture, heat)) if heat.any() else "")
            for i, heat in zip(likeliest, maps, strict=True)
        ],
    )


def thumbnail(image: np.ndarray) -> str:
    """A small picture, as a data URI; small images enlarged with their pixels to be seen."""
    return _uri(fit(Image.fromarray(image), THUMBNAIL))


def _uri(image: Image.Image) -> str:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return data_uri(stream.getvalue(), "png")
