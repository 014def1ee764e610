"""Rebuild the classifier for converters: the same results from operations of all formats."""

from typing import Any

import numpy as np

from convline.networks.resizing import resize_by_matrices
from convline.runtime.keras_backend import keras
from convline.serving.loaded_classifier import Classifier


def whole(model: keras.Model) -> keras.Model:
    """Return the model from images of any size, always in inference mode.

    Keras 3.15 exports a model as it is called without `training`. Its layer Resizing then passes
    training mode to all layers after it, and dropout would be active in the exported file.
    """
    inputs = keras.Input(model.input_shape[1:], dtype="uint8", name="image")
    return keras.Model(inputs, model(inputs, training=False))


def after_resizing(classifier: Classifier) -> keras.Model:
    """Return the part after resizing, from uint8 images of the model's own size and colour."""
    resized = classifier.model.get_layer("resize").output
    inputs = keras.Input(resized.shape[1:], dtype="uint8", name="image")
    part = keras.Model(resized, classifier.model.output)
    # A cast, not a layer that multiplies by 1, which would round in an int8 model.
    return keras.Model(inputs, part(keras.ops.cast(inputs, "float32"), training=False))


def portable(model: keras.Model) -> keras.Model:
    """Return a copy in float32 whose layers Resizing are products of matrices.

    ONNX and LiteRT have neither convolutions in bfloat16 nor TensorFlow's ScaleAndTranslate, which
    the layer Resizing uses for antialiasing.
    """
    copy = keras.models.clone_model(model, clone_function=_portable_layer, recursive=True)
    copy.set_weights(model.get_weights())
    return copy


def _portable_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    if isinstance(layer, keras.layers.Resizing):
        return MatrixResizing(layer.height, layer.width, layer.interpolation, layer.antialias)
    config = layer.get_config()
    # Inputs have no precision, nor have operations such as a cast, which are not layers.
    if isinstance(layer, keras.layers.Layer) and not isinstance(layer, keras.layers.InputLayer):
        config["dtype"] = "float32"
    return layer.__class__.from_config(config)


class MatrixResizing(keras.layers.Layer):
    """Resize images of one size as keras.layers.Resizing does, by two products of matrices.

    For exports alone: its results differ from Keras's by rounding (up to 5e-5 of 255, from 150x150
    to 224x224), which would change the features that the head learns from.

    Args:
        height: of the result, in pixels.
        width: of the result, in pixels.
        interpolation: Keras's name.
        antialias: True if the filter widens when an image shrinks.
    """

    def __init__(self, height: int, width: int, interpolation: str, antialias: bool) -> None:
        super().__init__(dtype="float32")
        self.height, self.width = height, width
        self.how = {"interpolation": interpolation, "antialias": antialias}

    def build(self, shape: tuple[int, ...]) -> None:
        """Compute both matrices by resizing images with a single bright pixel."""
        self.down = self._weights(shape[1], self.height)
        self.across = self._weights(shape[2], self.width)

    def call(self, images: Any, training: bool = False) -> Any:  # noqa: ARG002 (Resizing has it)
        """Resize float32 (batch, h, w, channels) to (batch, height, width, channels)."""
        return resize_by_matrices(images, self.down, self.across)

    def _weights(self, given: int, wanted: int) -> np.ndarray:
        columns = np.eye(given, dtype=np.float32)[np.newaxis, :, np.newaxis, :]
        resized = keras.ops.image.resize(columns, (wanted, 1), **self.how)
        return keras.ops.convert_to_numpy(resized)[0, :, 0, :]
