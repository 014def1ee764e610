"""Compute Grad-CAM: which regions of an image support a class (Selvaraju et al. 2017)."""

import numpy as np

from convline.explanation.model_parts import ModelParts
from convline.runtime.tensorflow_setup import tf


def grad_cam(parts: ModelParts, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Compute a heat map of each image for a class.

    The channels of the last convolution are added, each weighted by the mean gradient of the
    class's logit in that channel, and negative sums are set to zero. With several backbones, the
    heat maps of their last convolutions are averaged. Source: R. R. Selvaraju et al., "Grad-CAM:
    Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017.

    Args:
        parts: the parts of the model.
        images: uint8 (n, height, width, channels).
        labels: the class to explain for each image, int (n,).

    Returns:
        float32 (n, rows, columns), 0 to 1, in the size of the first backbone's last convolution;
        all zero if no region supports the class.
    """
    pixels = tf.cast(images, "float32")
    maps = parts.maps(pixels)
    # Without the layers up to the maps: their gradients take two thirds of VGG16's time.
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(maps)
        score = tf.gather(parts.logits(pixels, maps), labels, axis=1, batch_dims=1)
    gradients = tape.gradient(score, maps)
    heats = [_heat(x, gradient) for x, gradient in zip(maps, gradients, strict=True)]
    size = heats[0].shape[1:3]
    resized = [tf.image.resize(heat, size) for heat in heats]
    return tf.reduce_mean(tf.stack(resized), axis=0).numpy()[..., 0]


def _heat(maps: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    maps, gradient = tf.cast(maps, "float32"), tf.cast(gradient, "float32")
    weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1, keepdims=True))
    return tf.math.divide_no_nan(heat, tf.reduce_max(heat, axis=(1, 2, 3), keepdims=True))
