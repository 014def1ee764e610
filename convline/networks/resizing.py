"""Resize images and convert them to grey inside a Keras model, with the results of Pillow."""

import math
from collections.abc import Callable
from typing import Any

from convline.runtime.keras_backend import keras

Filter = Callable[[Any], Any]  # from a distance in pixels to a weight


def _triangle(x: Any) -> Any:
    return keras.ops.maximum(1 - keras.ops.abs(x), 0)


def _cubic(x: Any) -> Any:
    """Return the weights of R. Keys, "Cubic convolution interpolation" (1981), a = -0.5."""
    x = keras.ops.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return keras.ops.where(x < 1, near, keras.ops.where(x < 2, far, 0.0))


def _lanczos(x: Any) -> Any:
    product = _sinc(x) * _sinc(x / 3)
    return keras.ops.where(keras.ops.abs(x) < 3, product, 0.0)


def _sinc(x: Any) -> Any:
    turn = math.pi * keras.ops.where(x == 0, 1.0, x)
    return keras.ops.where(x == 0, 1.0, keras.ops.sin(turn) / turn)


FILTERS: dict[str, Filter] = {"bilinear": _triangle, "bicubic": _cubic, "lanczos": _lanczos}


@keras.saving.register_keras_serializable(package="convline")
class PillowResizing(keras.layers.Layer):
    """Resize images as `PIL.Image.resize` does, which resizes the images in preprocess.

    keras.layers.Resizing cannot replace it: it does not round to whole grey values after each of
    its two passes, and an exported model would accept a single image size. Nor can this layer
    replace keras.layers.Resizing in the extractor, where rounding would change all features.

    Args:
        height: of the result, in pixels.
        width: of the result, in pixels.
        interpolation: `nearest`, `bilinear`, `bicubic` or `lanczos`.
    """

    def __init__(self, height: int, width: int, interpolation: str, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.height, self.width, self.interpolation = height, width, interpolation

    def call(self, images: Any) -> Any:
        """Resize pixels, 0 to 255, float32 (batch, any height, any width, channels).

        Returns:
            Whole numbers, float32 (batch, height, width, channels).
        """
        rows, columns = keras.ops.shape(images)[1:3]
        down, across = self._weights(rows, self.height), self._weights(columns, self.width)
        return resize_by_matrices(images, down, across, after_pass=_whole)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (batch, height, width, channels)."""
        return shape[0], self.height, self.width, shape[3]

    def get_config(self) -> dict[str, object]:
        """Return the arguments of the constructor, which Keras saves."""
        own = {"height": self.height, "width": self.width, "interpolation": self.interpolation}
        return {**super().get_config(), **own}

    def _weights(self, given: Any, wanted: int) -> Any:
        """Return the weight of each given pixel in each wanted one, (wanted, given)."""
        pixels = keras.ops.arange(given, dtype="float64")
        step = keras.ops.cast(given, "float64") / wanted
        if self.interpolation == "nearest":
            chosen = keras.ops.expand_dims(_nearest(step, wanted), 1)
            return keras.ops.cast(chosen == pixels, "float32")
        centers = (keras.ops.arange(wanted, dtype="float64") + 0.5) * step
        distance = pixels + 0.5 - keras.ops.expand_dims(centers, 1)
        # When an image shrinks, the filter widens with the step, so that it covers all pixels.
        weights = FILTERS[self.interpolation](distance / keras.ops.maximum(step, 1))
        weights = weights / keras.ops.sum(weights, axis=1, keepdims=True)
        # Pillow computes in multiples of 2**-22, which float32 represents exactly.
        return keras.ops.cast(keras.ops.floor(weights * 2**22 + 0.5) / 2**22, "float32")


@keras.saving.register_keras_serializable(package="convline")
class Luma(keras.layers.Layer):
    """Convert RGB to grey as Pillow's mode L does: ITU-R 601-2 luma in multiples of 1/65536."""

    def call(self, images: Any) -> Any:
        """Convert pixels, 0 to 255, float32 (batch, height, width, 3), to (..., 1)."""
        shares = keras.ops.convert_to_tensor([19595.0, 38470.0, 7471.0])
        # At most 255 * 65536, which float32 represents exactly.
        total = keras.ops.sum(images * shares, axis=-1, keepdims=True)
        return keras.ops.floor((total + 32768) / 65536)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (batch, height, width, 1)."""
        return *shape[:3], 1


def resize_by_matrices(
    images: Any, down: Any, across: Any, after_pass: Callable[[Any], Any] = lambda x: x
) -> Any:
    """Resize images in two passes, across and then down, each a product of matrices.

    Args:
        images: float32 (batch, h, w, channels).
        down: weights, float32 (height, h).
        across: weights, float32 (width, w).
        after_pass: applied after each pass.

    Returns:
        float32 (batch, height, width, channels).
    """
    # (b, h, w, c) -> (b, h, c, w) -> (b, h, c, width)
    x = keras.ops.matmul(keras.ops.transpose(images, (0, 1, 3, 2)), keras.ops.transpose(across))
    x = after_pass(x)
    # (b, c, width, h) -> (b, c, width, height) -> (b, height, width, c)
    x = keras.ops.matmul(keras.ops.transpose(x, (0, 2, 3, 1)), keras.ops.transpose(down))
    return after_pass(keras.ops.transpose(x, (0, 3, 2, 1)))


def _nearest(step: Any, wanted: int) -> Any:
    """Return the index of the pixel that each wanted pixel copies, float64 (wanted,).

    As in Pillow, steps are added up, because rounding errors decide at the border of two pixels.
    """
    first = keras.ops.cast(keras.ops.arange(wanted) == 0, "float64")
    return keras.ops.floor(keras.ops.cumsum(step - first * step / 2))


def _whole(x: Any) -> Any:
    return keras.ops.clip(keras.ops.floor(x + 0.5), 0, 255)
