"""Random changes to training images: one warp per image, then brightness and contrast.

Rotation, shift, shear, zoom and flips are one transformation, that of Keras's `ImageDataGenerator`
(`apply_affine_transform` with fill mode `nearest`): all matrices are multiplied first, so that an
image is interpolated once.
"""

import math

from stages.common.runtime import tf
from stages.common.schema import Augmentation


def augment_batches(batches: tf.data.Dataset, params: Augmentation, seed: int) -> tf.data.Dataset:
    """Warp the images of each batch, anew in each epoch; the same seed gives the same images.

    Args:
        batches: pairs of images, uint8 (batch, height, width, channels), and anything.
        params: how far each change may go; with all at zero `batches` is returned as it is.
        seed: of the random draws.
    """
    if not any(params.model_dump().values()):
        return batches
    # Seeds come with the data: a stateful random op in a parallel map is not reproducible.
    seeds = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).batch(2)

    def augment(
        batch: tuple[tf.Tensor, tf.Tensor], batch_seed: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        images, targets = batch
        shape = tf.shape(images)
        transforms = random_transforms(shape[0], shape[1], shape[2], params, batch_seed)
        return recolor(warp(images, transforms), params, batch_seed), targets

    zipped = tf.data.Dataset.zip(batches, seeds)
    return zipped.map(augment, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def random_transforms(
    count: tf.Tensor, height: tf.Tensor, width: tf.Tensor, params: Augmentation, seed: tf.Tensor
) -> tf.Tensor:
    """Draw one transform per image.

    Args:
        count: of the images; an int or a scalar tensor, as are the next two.
        height: of each image.
        width: of each image.
        params: each change is drawn uniformly: angles and shifts from -x to x, the two zooms each
            from 1 - x to 1 + x, flips with probability 0.5.
        seed: two integers.

    Returns:
        float32 (count, 8), as `warp` takes them.
    """
    seeds = tf.random.split(tf.cast(seed, tf.int32), 8)

    def draw(i: int, spread: float, center: float = 0.0) -> tf.Tensor:
        return tf.random.stateless_uniform([count], seeds[i], center - spread, center + spread)

    def flip(i: int, wanted: bool) -> tf.Tensor | float:
        return tf.where(draw(i, 0.5) < 0, -1.0, 1.0) if wanted else 1.0

    height, width = tf.cast(height, tf.float32), tf.cast(width, tf.float32)
    return transforms(
        height,
        width,
        rotation=draw(0, math.radians(params.rotation)),
        x_shift=draw(1, params.width_shift) * width,
        y_shift=draw(2, params.height_shift) * height,
        shear=draw(3, math.radians(params.shear)),
        x_zoom=draw(4, params.zoom, center=1.0) * flip(6, params.horizontal_flip),
        y_zoom=draw(5, params.zoom, center=1.0) * flip(7, params.vertical_flip),
    )


def transforms(
    height: tf.Tensor,
    width: tf.Tensor,
    *,
    rotation: tf.Tensor,
    x_shift: tf.Tensor,
    y_shift: tf.Tensor,
    shear: tf.Tensor,
    x_zoom: tf.Tensor,
    y_zoom: tf.Tensor,
) -> tf.Tensor:
    """Rotation, shift, shear and zoom about the centre of the image, in this order.

    Args:
        height: of the images, a float32 scalar.
        width: of the images, a float32 scalar.
        rotation: radians, float32 (n,) like all that follow.
        x_shift: pixels.
        y_shift: pixels.
        shear: radians.
        x_zoom: 2 shows twice as much of the axis, a negative number flips it.
        y_zoom: likewise.

    Returns:
        float32 (n, 8): a0 a1 a2 b0 b1 b2 0 0, where output (x, y) is taken from input
        (a0 x + a1 y + a2, b0 x + b1 y + b2).
    """
    cos, sin = tf.cos(rotation), tf.sin(rotation)
    a0, a1 = cos * x_zoom, -tf.sin(rotation + shear) * y_zoom
    b0, b1 = sin * x_zoom, tf.cos(rotation + shear) * y_zoom
    x, y = (width - 1) / 2, (height - 1) / 2
    a2 = x + cos * x_shift - sin * y_shift - a0 * x - a1 * y
    b2 = y + sin * x_shift + cos * y_shift - b0 * x - b1 * y
    zero = tf.zeros_like(a0)
    return tf.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)


def warp(images: tf.Tensor, transforms: tf.Tensor) -> tf.Tensor:
    """Apply one transform per image, bilinear; beyond the edge, the nearest pixel is taken.

    Args:
        images: uint8 (n, height, width, channels).
        transforms: float32 (n, 8).

    Returns:
        uint8 (n, height, width, channels).
    """
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )


def recolor(images: tf.Tensor, params: Augmentation, seed: tf.Tensor) -> tf.Tensor:
    """Change brightness and contrast, as Keras's layers RandomBrightness and RandomContrast do.

    Args:
        images: uint8 (n, height, width, channels).
        params: `brightness` x adds from -x to x times 255, `contrast` x multiplies the distance
            from the image's mean in each channel by 1 - x to 1 + x; uniformly drawn, per image.
        seed: two integers.

    Returns:
        uint8 (n, height, width, channels).
    """
    if not (params.brightness or params.contrast):
        return images
    shape = [tf.shape(images)[0], 1, 1, 1]
    # Other numbers than those of the warp, which splits the seed in eight.
    seeds = tf.random.split(tf.random.fold_in(tf.cast(seed, tf.int32), 1), 2)
    added = tf.random.stateless_uniform(shape, seeds[0], -params.brightness, params.brightness)
    factor = tf.random.stateless_uniform(shape, seeds[1], 1 - params.contrast, 1 + params.contrast)
    pixels = tf.cast(images, tf.float32) + 255 * added
    mean = tf.reduce_mean(pixels, axis=[1, 2], keepdims=True)
    pixels = (pixels - mean) * factor + mean
    return tf.saturate_cast(tf.round(pixels), tf.uint8)
