"""Resize images and convert them to grey inside a Keras model, with the results of Pillow."""

import math
from collections.abc import Callable
from typing import Any

from convline.images.aspect_ratio import place
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
        aspect_ratio: `stretch`, `crop` or `pad`, see convline.images.aspect_ratio.
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str,
        aspect_ratio: str = "stretch",
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.height, self.width = height, width
        self.interpolation, self.aspect_ratio = interpolation, aspect_ratio

    def call(self, images: Any) -> Any:
        """Resize pixels, 0 to 255, float32 (batch, any height, any width, channels).

        Returns:
            Whole numbers, float32 (batch, height, width, channels).
        """
        rows, columns = keras.ops.shape(images)[1:3]
        down = self._weights((rows, columns), (self.height, self.width))
        across = self._weights((columns, rows), (self.width, self.height))
        return resize_by_matrices(images, down, across, after_pass=_whole)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (batch, height, width, channels)."""
        return shape[0], self.height, self.width, shape[3]

    def get_config(self) -> dict[str, object]:
        """Return the arguments of the constructor, which Keras saves."""
        names = ("height", "width", "interpolation", "aspect_ratio")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def _weights(self, given: tuple[Any, Any], wanted: tuple[int, int]) -> Any:
        """Return the weight of each given pixel in each wanted one, (wanted, given)."""
        ops = keras.ops
        placement = place(self.aspect_ratio, given, wanted, ops.maximum, ops.minimum)
        start, count, offset, filled = (ops.cast(number, "float64") for number in placement)
        # Counted from the first pixel that is used, and from the first one that is filled.
        pixels = ops.arange(given[0], dtype="float64") - start
        rows = ops.expand_dims(ops.arange(wanted[0], dtype="float64") - offset, 1)
        used = ops.logical_and(pixels >= 0, pixels < count)
        used = ops.logical_and(used, ops.logical_and(rows >= 0, rows < filled))
        step = count / filled
        if self.interpolation == "nearest":
            return ops.cast(ops.logical_and(used, _nearest(step, rows) == pixels), "float32")
        distance = pixels + 0.5 - (rows + 0.5) * step
        # When an image shrinks, the filter widens with the step, so that it covers all pixels.
        weights = FILTERS[self.interpolation](distance / ops.maximum(step, 1))
        weights = ops.where(used, weights, 0)
        total = ops.sum(weights, axis=1, keepdims=True)
        weights = weights / ops.where(total == 0, 1, total)  # Black rows have no weights.
        # Pillow computes in multiples of 2**-22, which float32 represents exactly.
        return ops.cast(ops.floor(weights * 2**22 + 0.5) / 2**22, "float32")


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


def _nearest(step: Any, rows: Any) -> Any:
    """Return the index of the pixel that each wanted pixel copies, float64 (wanted, 1).

    As in Pillow, steps are added up, because rounding errors decide at the border of two pixels.
    """
    steps = keras.ops.where(rows == 0, step / 2, keras.ops.where(rows < 0, 0.0, step))
    return keras.ops.floor(keras.ops.cumsum(steps, axis=0))


def _whole(x: Any) -> Any:
    return keras.ops.clip(keras.ops.floor(x + 0.5), 0, 255)
