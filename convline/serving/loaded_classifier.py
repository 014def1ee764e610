"""models/classifier.keras, loaded and checked, with the names of its classes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np

from convline.explanation.model_parts import Anatomy, dissect_cnn, dissect_transfer
from convline.images.decoding import decode, least_side
from convline.networks import whole_classifier as _registers_its_layers  # noqa: F401
from convline.networks.backbones import FINE_TUNED
from convline.records.dataset import load_dataset
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from convline.runtime.native_log import without_native_log
from convline.runtime.tensorflow_setup import tf

TRAIN = "run `dvc repro`, or `dvc pull` where somebody trained already"


@dataclass(frozen=True)
class Classifier:
    """A model of images of any size: resized one by one, then classified many at once.

    Attributes:
        classes: names in the order of the probabilities.
        model: uint8 (batch, any height, any width, 3) to float32 (batch, classes).
        image_size: height and width that images are resized to.
    """

    classes: list[str]
    model: keras.Model
    image_size: tuple[int, int]

    def decode(self, data: bytes) -> np.ndarray:
        """An image file, uint8 (height, width, 3), as preprocess decodes it.

        Raises:
            BadImage: it cannot be decoded.
        """
        resize = self.model.get_layer("resize")
        return np.asarray(decode(data, "rgb", least_side(self.image_size, resize.interpolation)))

    def resize(self, image: np.ndarray) -> np.ndarray:
        """An image as the trained model sees it.

        Args:
            image: uint8 (height, width, 3).

        Returns:
            float32 (*image_size, channels), 0 to 255.
        """
        return self._front(image[np.newaxis])[0].numpy()

    def predict(
        self, images: Iterator[np.ndarray] | Sequence[np.ndarray], batch_size: int
    ) -> Iterator[np.ndarray]:
        """The probabilities of each image, float32 (classes,), in the order of the images.

        Args:
            images: uint8 (height, width, 3), each of its own size.
            batch_size: how many the model takes at once.
        """
        remaining = iter(images)
        while batch := [self.resize(image) for image in islice(remaining, batch_size)]:
            yield from self.classify(np.stack(batch))

    def classify(self, resized: np.ndarray) -> np.ndarray:
        """The probabilities of images, float32 (batch, classes).

        Args:
            resized: what `resize` gives, float32 (batch, *image_size, channels).
        """
        return self._back.predict_on_batch(resized)

    @cached_property
    def anatomy(self) -> Anatomy:
        """The parts of the trained model, which take what `resize` gives."""
        inner = {layer.name: layer for layer in self.model.layers}
        if "extractor" in inner:
            return dissect_transfer(inner["extractor"], inner["head"])
        if FINE_TUNED in inner:
            return dissect_transfer(inner[FINE_TUNED], inner[FINE_TUNED].get_layer("head"))
        return dissect_cnn(inner["scratch"])

    @cached_property
    def _front(self) -> "tf.types.experimental.PolymorphicFunction":
        front = keras.Model(self.model.input, self.model.get_layer("resize").output)
        # Traced once for all sizes.
        any_size = tf.TensorSpec([None, None, None, 3], tf.uint8)
        return tf.function(front, input_signature=[any_size])

    @cached_property
    def _back(self) -> keras.Model:
        return keras.Model(self.model.get_layer("resize").output, self.model.output)


def load_classifier(path: Path = paths.CLASSIFIER) -> Classifier:
    """Load a model and see that it is one of ours, trained on the classes that are here.

    Raises:
        UserError: there is none, or it is another kind of file or model.
    """
    if not path.is_file():
        raise UserError(f"there is no {path}; {TRAIN}")
    classes = load_dataset().classes
    try:
        # Never from pickle or code inside the file: Keras's safe mode refuses both.
        model = keras.models.load_model(path, compile=False, safe_mode=True)
        resize = model.get_layer("resize")
        size = (resize.height, resize.width)
        units = model.output_shape[-1]
    except Exception as error:
        # Keras raises a dozen kinds for files that are something else.
        why = "is no classifier that `evaluate` wrote"
        raise UserError(f"{path} {why}; {TRAIN}\n({error})") from error
    if units != len(classes):
        raise UserError(
            f"{path} tells {units} classes apart, and data/tfrecords/dataset.json names "
            f"{len(classes)}: they are of different runs; {TRAIN}"
        )
    classifier = Classifier(classes, model, size)
    with without_native_log():
        # oneDNN says, of the first image, that it knows no uint8 on some processors.
        classifier.resize(np.zeros((1, 1, 3), np.uint8))
    return classifier
