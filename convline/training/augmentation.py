"""Draw random changes to training images: one warp per image, then brightness and contrast.

Rotation, shift, shear, zoom and flips are one affine transformation, as in Keras's
`ImageDataGenerator` (`apply_affine_transform` with fill mode `nearest`): the matrices are
multiplied first, so that each image is interpolated once. augmentation_cpu.py applies the changes
in the input pipeline, augmentation_gpu.py in the model; their pixels are equal up to rounding.
"""

import math
from typing import NamedTuple

from convline.params.schema import Augmentation
from convline.runtime.tensorflow_setup import tf


class Draws(NamedTuple):
    """Random changes to n images.

    Attributes:
        transforms: float32 (n, 2, 3): [[a0, a1, a2], [b0, b1, b2]], where output (x, y) is taken
            from input (a0 x + a1 y + a2, b0 x + b1 y + b2).
        brightness: float32 (n,), added to the pixels, 0 to 255.
        contrast: float32 (n,), multiplies each pixel's distance from the mean of its channel.
    """

    transforms: tf.Tensor
    brightness: tf.Tensor
    contrast: tf.Tensor


def is_on(params: Augmentation) -> bool:
    """Return True if any change is switched on."""
    return any(params.model_dump().values())


def seeds(seed: int) -> tf.data.Dataset:
    """Return two integers per batch, different in each epoch, reproducible from the seed.

    They are data, because a stateful random operation in a parallel map is not reproducible.
    """
    return tf.data.Dataset.random(seed, rerandomize_each_iteration=True).batch(2)


def draw(count: tf.Tensor, height: int, width: int, params: Augmentation, seed: tf.Tensor) -> Draws:
    """Draw the changes to each image of a batch.

    Args:
        count: number of images, a scalar.
        height: height of the images in pixels.
        width: width of the images in pixels.
        params: largest change x of each kind. Draws are uniform: angles and shifts from -x to x,
            zooms per axis from 1 - x to 1 + x, flips with probability 0.5; as in Keras's
            RandomBrightness and RandomContrast, brightness from -255 x to 255 x and contrast from
            1 - x to 1 + x.
        seed: two integers, int (2,).
    """
    own_seeds = tf.random.split(tf.cast(seed, tf.int32), 10)

    def uniform(i: int, spread: float, center: float = 0.0) -> tf.Tensor:
        return tf.random.stateless_uniform([count], own_seeds[i], center - spread, center + spread)

    def flip(i: int, wanted: bool) -> tf.Tensor | float:
        return tf.where(uniform(i, 0.5) < 0, -1.0, 1.0) if wanted else 1.0

    geometry = transforms(
        height,
        width,
        rotation=uniform(0, math.radians(params.rotation_degrees)),
        x_shift=uniform(1, params.width_shift_fraction) * width,
        y_shift=uniform(2, params.height_shift_fraction) * height,
        shear=uniform(3, math.radians(params.shear_degrees)),
        x_zoom=uniform(4, params.zoom_fraction, center=1.0) * flip(6, params.horizontal_flip),
        y_zoom=uniform(5, params.zoom_fraction, center=1.0) * flip(7, params.vertical_flip),
    )
    brightness = uniform(8, 255 * params.brightness_fraction)
    return Draws(geometry, brightness, uniform(9, params.contrast_fraction, center=1.0))


def transforms(
    height: int,
    width: int,
    *,
    rotation: tf.Tensor,
    x_shift: tf.Tensor,
    y_shift: tf.Tensor,
    shear: tf.Tensor,
    x_zoom: tf.Tensor,
    y_zoom: tf.Tensor,
) -> tf.Tensor:
    """Combine rotation, shift, shear and zoom about the centre of the image, in this order.

    Args:
        height: height of the images in pixels.
        width: width of the images in pixels.
        rotation: angle in radians, float32 (n,), as are all arguments that follow.
        x_shift: shift in pixels.
        y_shift: shift in pixels.
        shear: angle in radians.
        x_zoom: 2 shows twice as much of the axis; a negative number flips it.
        y_zoom: as `x_zoom`, for the vertical axis.

    Returns:
        Matrices, float32 (n, 2, 3), as in `Draws`.
    """
    cos, sin = tf.cos(rotation), tf.sin(rotation)
    a0, a1 = cos * x_zoom, -tf.sin(rotation + shear) * y_zoom
    b0, b1 = sin * x_zoom, tf.cos(rotation + shear) * y_zoom
    x, y = (width - 1) / 2, (height - 1) / 2
    a2 = x + cos * x_shift - sin * y_shift - a0 * x - a1 * y
    b2 = y + sin * x_shift + cos * y_shift - b0 * x - b1 * y
    return tf.stack([tf.stack([a0, a1, a2], axis=1), tf.stack([b0, b1, b2], axis=1)], axis=1)
