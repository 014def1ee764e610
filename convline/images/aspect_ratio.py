"""Fit images of any shape into one size: stretch them, crop them or pad them with black.

The formulas use integers alone, so that Pillow here and the layer PillowResizing place each pixel
alike.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from PIL import Image


class Placement(NamedTuple):
    """Which pixels of an image's height or width become which pixels of the result.

    Attributes:
        start: first pixel of the image that is used.
        count: number of its pixels that are used.
        offset: first pixel of the result that is filled; the others are black.
        filled: number of pixels of the result that are filled.
    """

    start: Any
    count: Any
    offset: Any
    filled: Any


def place(
    aspect_ratio: str,
    given: tuple[Any, Any],
    wanted: tuple[int, int],
    at_least: Callable[[Any, Any], Any] = max,
    at_most: Callable[[Any, Any], Any] = min,
) -> Placement:
    """Return the placement along one side of an image.

    Args:
        aspect_ratio: `stretch`: the whole image, squeezed; `crop`: the largest part in its middle
            that has the shape of the result, as Keras's `crop_to_aspect_ratio`; `pad`: the whole
            image in the middle of the result, as Keras's `pad_to_aspect_ratio`.
        given: pixels of the image along this side and along the other, integers or tensors of
            integers.
        wanted: pixels of the result along this side and along the other.
        at_least: function that returns the larger of two integers, for tensors Keras's.
        at_most: function that returns the smaller.
    """
    (length, other_length), (size, other_size) = given, wanted
    if aspect_ratio == "crop":
        count = at_least(at_most(length, other_length * size // other_size), 1)
        return Placement((length - count) // 2, count, 0, size)
    if aspect_ratio == "pad":
        # Rounded to the nearest integer.
        scaled = (2 * length * other_size + other_length) // (2 * other_length)
        filled = at_least(at_most(scaled, size), 1)
        return Placement(0, length, (size - filled) // 2, filled)
    return Placement(0, length, 0, size)


def fit(
    image: Image.Image, size: tuple[int, int], resampling: Image.Resampling, aspect_ratio: str
) -> Image.Image:
    """Resize an image to `size`, (height, width) in pixels, as `place` describes.

    Pillow's filters widen when an image shrinks, which avoids aliasing.
    """
    columns = place(aspect_ratio, image.size, (size[1], size[0]))
    rows = place(aspect_ratio, (image.height, image.width), size)
    if aspect_ratio == "crop":
        right, bottom = columns.start + columns.count, rows.start + rows.count
        image = image.crop((columns.start, rows.start, right, bottom))
    resized = image.resize((columns.filled, rows.filled), resampling)
    if aspect_ratio != "pad":
        return resized
    padded = Image.new(image.mode, (size[1], size[0]))
    padded.paste(resized, (columns.offset, rows.offset))
    return padded
