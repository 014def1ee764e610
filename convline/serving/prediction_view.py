"""Prepare a prediction for a page: probabilities, the image and its heat maps."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from convline.explanation.feature_pictures import overlay
from convline.explanation.grad_cam import grad_cam
from convline.images.contact_sheet import fit_image
from convline.images.decoding import BadImage, decode
from convline.reporting.html import data_uri
from convline.serving.loaded_classifier import Classifier

SIDE, THUMBNAIL = 480, 96  # pixels


@dataclass(frozen=True)
class Heat:
    """Grad-CAM of one class.

    Attributes:
        label: the class.
        uri: the heat map over the image, as a data URI; empty if no region supports the class.
    """

    label: str
    uri: str


@dataclass(frozen=True)
class PredictionView:
    """The prediction for one image, ready for a template.

    Attributes:
        classes: all classes with their probabilities, the most likely first.
        picture: the image, as a data URI.
        heats: heat maps of the most likely classes.
    """

    classes: list[tuple[str, float]]
    picture: str
    heats: list[Heat]

    @property
    def label(self) -> str:
        """Return the most likely class."""
        return self.classes[0][0]

    @property
    def percent(self) -> str:
        """Return its probability in percent; 100.0 only for a probability of exactly 1."""
        p = 100 * self.classes[0][1]
        return "over 99.9" if 99.95 <= p < 100 else f"{p:.1f}"


def predict_file(
    classifier: Classifier,
    data: bytes,
    name: str = "",
    *,
    heats: int = 1,
    max_pixels: int | None = None,
) -> PredictionView:
    """Classify an image file.

    Args:
        classifier: the model.
        data: content of the file.
        name: its name, for formats without a signature (TGA).
        heats: number of heat maps, as in `predict_image`.
        max_pixels: largest accepted number of pixels after decoding; None: unlimited.

    Raises:
        BadImage: the file cannot be decoded, or has more pixels.
    """
    image = classifier.decode(data, name)
    height, width = image.shape[:2]
    if max_pixels and height * width > max_pixels:
        raise BadImage(f"{width}x{height} pixels are more than {max_pixels:,}")
    # Decoded once more for the page: the model's decoding may be coarse.
    picture = decode(data, "rgb", SIDE, bit_depth=classifier.bit_depth, name=name)
    return predict_image(classifier, image, picture, heats)


def predict_image(
    classifier: Classifier, image: np.ndarray, picture: Image.Image, heats: int = 1
) -> PredictionView:
    """Classify an image.

    Args:
        classifier: the model.
        image: uint8 (height, width, 3).
        picture: the same image, for the page.
        heats: number of the most likely classes that get a heat map.
    """
    resized = classifier.resize(image)
    (p,) = classifier.classify(resized[np.newaxis])
    order = np.argsort(-p, kind="stable")
    picture = fit_image(picture, SIDE)
    likeliest = order[:heats]
    maps = grad_cam(classifier.parts, np.stack([resized] * len(likeliest)), likeliest)
    return PredictionView(
        [(classifier.classes[i], float(p[i])) for i in order],
        image_uri(picture),
        [
            Heat(classifier.classes[i], image_uri(overlay(picture, heat)) if heat.any() else "")
            for i, heat in zip(likeliest, maps, strict=True)
        ],
    )


def thumbnail(image: np.ndarray) -> str:
    """Return a picture of 96 pixels, as a data URI; small images are enlarged pixel by pixel."""
    return image_uri(fit_image(Image.fromarray(image), THUMBNAIL))


def image_uri(image: Image.Image) -> str:
    """Return the image as a PNG in a data URI."""
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return data_uri(stream.getvalue(), "png")
