"""Images of any size and colour to what a model was trained on, as Pillow does it, inside Keras."""

import math
from collections.abc import Callable
from typing import Any

from convline.runtime.keras_backend import keras

# Half the width of each filter, in pixels of the larger image, and the filter itself.
Filter = Callable[[Any], Any]


def _triangle(x: Any) -> Any:
    return keras.ops.maximum(1 - keras.ops.abs(x), 0)


def _cubic(x: Any) -> Any:
    """R. Keys, "Cubic convolution interpolation" (1981), a = -0.5."""
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
    """`PIL.Image.resize`, by which preprocess resized what the models were trained on.

    keras.layers.Resizing rounds nothing between its two passes and takes no other size per call in
    an exported model; this is two products of matrices, each pass rounded to whole grey values as
    Pillow does.

    Args:
        height: in pixels, of the result.
        width: in pixels, of the result.
        interpolation: `nearest`, `bilinear`, `bicubic` or `lanczos`.
    """

    def __init__(self, height: int, width: int, interpolation: str, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.height, self.width, self.interpolation = height, width, interpolation

    def call(self, images: Any) -> Any:
        """Pixels 0 to 255, float32 (batch, any, any, channels) to (batch, height, width, channels).

        Whole numbers come out.
        """
        rows, columns = keras.ops.shape(images)[1:3]
        across = self._weights(columns, self.width)
        # (b, h, w, c) -> (b, h, c, w) -> (b, h, c, width): Pillow goes across first, then down.
        x = keras.ops.matmul(keras.ops.transpose(images, (0, 1, 3, 2)), keras.ops.transpose(across))
        x = _whole(x)
        down = self._weights(rows, self.height)
        # (b, c, width, h) -> (b, c, width, height) -> (b, height, width, c)
        x = keras.ops.matmul(keras.ops.transpose(x, (0, 2, 3, 1)), keras.ops.transpose(down))
        return _whole(keras.ops.transpose(x, (0, 3, 2, 1)))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(batch, height, width, channels)."""
        return shape[0], self.height, self.width, shape[3]

    def get_config(self) -> dict[str, object]:
        """What Keras saves."""
        own = {"height": self.height, "width": self.width, "interpolation": self.interpolation}
        return {**super().get_config(), **own}

    def _weights(self, given: Any, wanted: int) -> Any:
        """What each given pixel adds to each wanted one, (wanted, given); rows add up to 1."""
        pixels = keras.ops.arange(given, dtype="float64")
        step = keras.ops.cast(given, "float64") / wanted
        if self.interpolation == "nearest":
            chosen = keras.ops.expand_dims(_nearest(step, wanted), 1)
            return keras.ops.cast(chosen == pixels, "float32")
        centers = (keras.ops.arange(wanted, dtype="float64") + 0.5) * step
        distance = pixels + 0.5 - keras.ops.expand_dims(centers, 1)
        # Shrinking, a filter grows with the step, so that it sees all pixels.
        weights = FILTERS[self.interpolation](distance / keras.ops.maximum(step, 1))
        weights = weights / keras.ops.sum(weights, axis=1, keepdims=True)
        # Pillow reckons in whole numbers of 2**-22, which float32 holds to the last bit.
        return keras.ops.cast(keras.ops.floor(weights * 2**22 + 0.5) / 2**22, "float32")


@keras.saving.register_keras_serializable(package="convline")
class Luma(keras.layers.Layer):
    """RGB to grey as Pillow's mode L: ITU-R 601-2, in whole numbers of 1/65536, rounded."""

    def call(self, images: Any) -> Any:
        """Pixels 0 to 255, float32 (batch, height, width, 3) to (batch, height, width, 1)."""
        shares = keras.ops.convert_to_tensor([19595.0, 38470.0, 7471.0])
        # At most 255 * 65536, which float32 holds to the last bit.
        total = keras.ops.sum(images * shares, axis=-1, keepdims=True)
        return keras.ops.floor((total + 32768) / 65536)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(batch, height, width, 1)."""
        return *shape[:3], 1


def _nearest(step: Any, wanted: int) -> Any:
    """The pixel that each wanted one is taken from, float64 (wanted,).

    Pillow walks along, and where it should meet a border between two pixels the sum of its steps
    may not.
    """
    first = keras.ops.cast(keras.ops.arange(wanted) == 0, "float64")
    return keras.ops.floor(keras.ops.cumsum(step - first * step / 2))


def _whole(x: Any) -> Any:
    return keras.ops.clip(keras.ops.floor(x + 0.5), 0, 255)
