"""Load models/classifier.keras and classify images of any size with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np

from convline.explanation.model_parts import ModelParts, split_model
from convline.images.decoding import decode, least_side
from convline.networks import whole_classifier as _registers_its_layers  # noqa: F401
from convline.records.saved_models import TrainedModel, load_model
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from convline.runtime.native_log import without_native_log
from convline.runtime.tensorflow_setup import tf


@dataclass(frozen=True)
class Classifier:
    """A model of images of any size: they are resized one by one, then classified in batches.

    Attributes:
        trained: takes any images.
    """

    trained: TrainedModel

    @property
    def model(self) -> keras.Model:
        """Return the model, uint8 (batch, any height, any width, 3) to float32 (batch, classes)."""
        return self.trained.network

    @property
    def classes(self) -> list[str]:
        """Return the class names in the order of the probabilities."""
        return self.trained.description.classes

    @cached_property
    def resizing(self) -> keras.layers.Layer:
        """Return the layer that resizes images as preprocess did."""
        return self.model.get_layer("resize")

    @property
    def image_size(self) -> tuple[int, int]:
        """Return the height and width in pixels to which images are resized."""
        return self.resizing.height, self.resizing.width

    @property
    def bit_depth(self) -> int:
        """Return the number of significant bits of images with 16-bit channels."""
        return self.trained.description.bit_depth

    def decode(self, data: bytes, name: str = "") -> np.ndarray:
        """Decode an image file as preprocess does, to uint8 (height, width, 3).

        Args:
            data: content of the file.
            name: its name, for formats without a signature (TGA).

        Raises:
            BadImage: the file cannot be decoded.
        """
        least = least_side(self.image_size, self.resizing.interpolation)
        depth = self.bit_depth
        return np.asarray(decode(data, "rgb", least, bit_depth=depth, name=name))

    def resize(self, image: np.ndarray) -> np.ndarray:
        """Resize an image as preprocess does, and convert it to grey if the model takes grey.

        Args:
            image: uint8 (height, width, 3).

        Returns:
            float32 (*image_size, channels), 0 to 255.
        """
        return self._front(image[np.newaxis])[0].numpy()

    def predict(
        self, images: Iterator[np.ndarray] | Sequence[np.ndarray], batch_size: int
    ) -> Iterator[np.ndarray]:
        """Yield the probabilities of each image, float32 (classes,), in the order of the images.

        Args:
            images: uint8 (height, width, 3), of any sizes.
            batch_size: number of images that the model classifies at once.
        """
        remaining = iter(images)
        while batch := [self.resize(image) for image in islice(remaining, batch_size)]:
            yield from self.classify(np.stack(batch))

    def classify(self, resized: np.ndarray) -> np.ndarray:
        """Return the probabilities of resized images, float32 (batch, classes).

        Args:
            resized: from `resize`, float32 (batch, *image_size, channels).
        """
        return self._back.predict_on_batch(resized)

    @cached_property
    def parts(self) -> ModelParts:
        """Return the parts of the trained model, which take the output of `resize`."""
        return split_model(self.trained)

    @cached_property
    def _front(self) -> "tf.types.experimental.PolymorphicFunction":
        front = keras.Model(self.model.input, self.resizing.output)
        # Traced once for all sizes.
        any_size = tf.TensorSpec([None, None, None, 3], tf.uint8)
        return tf.function(front, input_signature=[any_size])

    @cached_property
    def _back(self) -> keras.Model:
        return keras.Model(self.resizing.output, self.model.output)


def load_classifier(path: Path = paths.CLASSIFIER) -> Classifier:
    """Load a classifier; the file contains all that is needed, its class names too.

    Raises:
        UserError: the file is missing, not one of this project's models, or not a classifier.
    """
    trained = load_model(path)
    if trained.description.takes != "any images":
        why = f"{path} takes {trained.description.takes} after preprocessing"
        raise UserError(f"{why}; use {paths.CLASSIFIER}, which includes the preprocessing")
    classifier = Classifier(trained)
    with without_native_log():
        # On some processors oneDNN logs at the first image that it does not support uint8.
        classifier.resize(np.zeros((1, 1, 3), np.uint8))
    return classifier
