"""Apply random changes to images on the GPU, as the first layer of the model."""

from convline.runtime.keras_backend import keras
from convline.runtime.tensorflow_setup import tf


def augmenting(model: keras.Model) -> keras.Model:
    """Return a model that augments its training images, then applies `model`; weights are shared.

    Args:
        model: a model that takes images, (batch, height, width, channels).

    Returns:
        A model that takes a dict of `image`, uint8 (batch, height, width, channels), and the fields
        of `convline.training.augmentation.Draws`. Outside training, images stay unchanged.
    """
    inputs = {
        "image": keras.Input(model.input_shape[1:], dtype="uint8", name="image"),
        "transforms": keras.Input((2, 3), name="transforms"),
        "brightness": keras.Input((), name="brightness"),
        "contrast": keras.Input((), name="contrast"),
    }
    return keras.Model(inputs, model(Augment(dtype="float32")(inputs)), name=model.name)


def unchanged(images: tf.Tensor, targets: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
    """Return a validation batch for `augmenting`, with changes that do nothing."""
    n = tf.shape(images)[0]
    transforms, number = tf.zeros([n, 2, 3]), tf.zeros([n])
    nothing = {"transforms": transforms, "brightness": number, "contrast": number}
    return {"image": images, **nothing}, targets


class Augment(keras.layers.Layer):
    """Warp each image, then change its brightness and contrast; XLA can compile it."""

    def __init__(self, **kwargs: object) -> None:
        # With autocast, Keras would convert the pixels to floats.
        super().__init__(autocast=False, **kwargs)

    def call(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Return the images, uint8 (batch, height, width, channels), changed in training only."""
        images = inputs["image"]
        if not training:
            return images
        pixels = warp(images, inputs["transforms"])
        pixels = recolor(pixels, inputs["brightness"], inputs["contrast"])
        return tf.cast(pixels, tf.uint8)


def warp(images: tf.Tensor, transforms: tf.Tensor) -> tf.Tensor:
    """Warp each image as `augmentation_cpu.warp` does.

    TensorFlow's ImageProjectiveTransformV3 would keep XLA from compiling the training step.

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
