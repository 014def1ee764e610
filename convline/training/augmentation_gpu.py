"""Apply drawn changes to images where the network is: on a GPU, which has the time for it."""

from convline.runtime.keras_backend import keras
from convline.runtime.tensorflow_setup import tf


def augmenting(model: keras.Model) -> keras.Model:
    """A model around `model`, with the same weights, that augments its training images first.

    Args:
        model: from images, (batch, height, width, channels), to anything.

    Returns:
        A model of a dict of `image`, uint8 (batch, height, width, channels), and of the members of
        `convline.training.augmentation.Draws`; when it does not train it leaves the images alone.
    """
    inputs = {
        "image": keras.Input(model.input_shape[1:], dtype="uint8", name="image"),
        "transforms": keras.Input((2, 3), name="transforms"),
        "brightness": keras.Input((), name="brightness"),
        "contrast": keras.Input((), name="contrast"),
    }
    return keras.Model(inputs, model(Augment(dtype="float32")(inputs)), name=model.name)


def unchanged(images: tf.Tensor, targets: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
    """A batch for such a model that no change was drawn for: one to validate with."""
    n = tf.shape(images)[0]
    transforms, number = tf.zeros([n, 2, 3]), tf.zeros([n])
    nothing = {"transforms": transforms, "brightness": number, "contrast": number}
    return {"image": images, **nothing}, targets


class Augment(keras.layers.Layer):
    """Warp each image, then change its brightness and contrast; of operations that XLA compiles."""

    def __init__(self, **kwargs: object) -> None:
        # Keras would make floats of the pixels on their way in.
        super().__init__(autocast=False, **kwargs)

    def call(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """The images, uint8 (batch, height, width, channels), changed when the model trains."""
        images = inputs["image"]
        if not training:
            return images
        pixels = warp(images, inputs["transforms"])
        pixels = recolor(pixels, inputs["brightness"], inputs["contrast"])
        return tf.cast(pixels, tf.uint8)


def warp(images: tf.Tensor, transforms: tf.Tensor) -> tf.Tensor:
    """Warp each image; bilinear; beyond the edge, the nearest pixel is taken.

    ImageProjectiveTransformV3 would do it, too, and would keep XLA from the whole training step.

    Args:
        images: uint8 (n, height, width, channels).
        transforms: float32 (n, 2, 3).

    Returns:
        float32 (n, height, width, channels), whole numbers.
    """
    _, height, width, channels = images.shape
    y, x = tf.meshgrid(tf.range(float(height)), tf.range(float(width)), indexing="ij")
    grid = tf.reshape(tf.stack([x, y, tf.ones_like(x)]), [3, -1])
    source = tf.matmul(transforms, grid)  # (n, 2, height * width)
    x = tf.clip_by_value(source[:, 0], 0.0, width - 1.0)
    y = tf.clip_by_value(source[:, 1], 0.0, height - 1.0)
    left, top = tf.floor(x), tf.floor(y)
    right, bottom = tf.minimum(left + 1, width - 1.0), tf.minimum(top + 1, height - 1.0)
    flat = tf.reshape(images, [-1, height * width, channels])

    def at(row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        index = tf.cast(row * width + column, tf.int32)
        return tf.cast(tf.gather(flat, index, batch_dims=1), tf.float32)

    to_right, down = (x - left)[..., tf.newaxis], (y - top)[..., tf.newaxis]
    upper = at(top, left) * (1 - to_right) + at(top, right) * to_right
    lower = at(bottom, left) * (1 - to_right) + at(bottom, right) * to_right
    warped = tf.round(upper * (1 - down) + lower * down)
    return tf.reshape(warped, [-1, height, width, channels])


def recolor(pixels: tf.Tensor, brightness: tf.Tensor, contrast: tf.Tensor) -> tf.Tensor:
    """Change the brightness and contrast of each image.

    Args:
        pixels: float32 (n, height, width, channels), 0 to 255.
        brightness: float32 (n,).
        contrast: float32 (n,).

    Returns:
        float32 (n, height, width, channels), whole numbers from 0 to 255.
    """
    brightness, contrast = (
        x[:, tf.newaxis, tf.newaxis, tf.newaxis] for x in (brightness, contrast)
    )
    pixels += brightness
    mean = tf.reduce_mean(pixels, axis=[1, 2], keepdims=True)
    return tf.clip_by_value(tf.round((pixels - mean) * contrast + mean), 0, 255)
