"""The classifier as converters take it: the same figures, of operations that all formats have."""

from typing import Any

import numpy as np

from convline.runtime.keras_backend import keras
from convline.serving.loaded_classifier import Classifier


def whole(model: keras.Model) -> keras.Model:
    """The model from images of any size, never training.

    Keras 3.15 exports a model as it is called without `training`; its layer Resizing then says that
    it trains to all layers after it, and the exported file would drop units at random.
    """
    inputs = keras.Input(model.input_shape[1:], dtype="uint8", name="image")
    return keras.Model(inputs, model(inputs, training=False))


def after_resizing(classifier: Classifier) -> keras.Model:
    """The part from images of the model's own size and colour, uint8, never training."""
    resized = classifier.model.get_layer("resize").output
    inputs = keras.Input(resized.shape[1:], dtype="uint8", name="image")
    part = keras.Model(resized, classifier.model.output)
    # A mere change of type: in an int8 model a layer that multiplies by 1 would round.
    return keras.Model(inputs, part(keras.ops.cast(inputs, "float32"), training=False))


def portable(model: keras.Model) -> keras.Model:
    """A copy in float32 whose fixed resizing is a product of matrices.

    Neither ONNX nor LiteRT has TensorFlow's ScaleAndTranslate, by which the layer Resizing shrinks
    and enlarges with antialiasing, nor convolutions in bfloat16.
    """
    copy = keras.models.clone_model(model, clone_function=_portable_layer, recursive=True)
    copy.set_weights(model.get_weights())
    return copy


def _portable_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    if isinstance(layer, keras.layers.Resizing):
        return MatrixResizing(layer.height, layer.width, layer.interpolation, layer.antialias)
    config = layer.get_config()
    # Operations such as a cast are no layers, and have no precision; nor has an input.
    if isinstance(layer, keras.layers.Layer) and not isinstance(layer, keras.layers.InputLayer):
        config["dtype"] = "float32"
    return layer.__class__.from_config(config)


class MatrixResizing(keras.layers.Layer):
    """keras.layers.Resizing of images of one size: what each pixel gives to each, twice.

    Args:
        height: in pixels, of the result.
        width: in pixels, of the result.
        interpolation: as Keras calls it.
        antialias: whether a filter grows where it shrinks.
    """

    def __init__(self, height: int, width: int, interpolation: str, antialias: bool) -> None:
        super().__init__(dtype="float32")
        self.height, self.width = height, width
        self.how = {"interpolation": interpolation, "antialias": antialias}

    def build(self, shape: tuple[int, ...]) -> None:
        """Find both matrices by resizing single bright pixels."""
        self.down = self._weights(shape[1], self.height)
        self.across = self._weights(shape[2], self.width)

    def call(self, images: Any, training: bool = False) -> Any:  # noqa: ARG002 (Resizing takes it)
        """(batch, h, w, channels) to (batch, height, width, channels), float32."""
        # (b, h, w, c) -> (b, c, h, w), and its last two axes are those of a matrix.
        x = keras.ops.transpose(images, (0, 3, 1, 2))
        x = keras.ops.matmul(x, self.across.T)
        # (b, c, h, width) -> (b, c, width, h) -> (b, c, width, height)
        x = keras.ops.matmul(keras.ops.transpose(x, (0, 1, 3, 2)), self.down.T)
        return keras.ops.transpose(x, (0, 3, 2, 1))

    def _weights(self, given: int, wanted: int) -> np.ndarray:
        columns = np.eye(given, dtype=np.float32)[np.newaxis, :, np.newaxis, :]
        resized = keras.ops.image.resize(columns, (wanted, 1), **self.how)
        return keras.ops.convert_to_numpy(resized)[0, :, 0, :]
