"""Build the model from images of any size to class probabilities, with all preprocessing inside."""

from convline.networks.backbones import backbone_convolutions, build_extractor, join
from convline.networks.resizing import Luma, PillowResizing
from convline.params.schema import Extract, Preprocess
from convline.records.saved_models import TrainedModel
from convline.runtime.keras_backend import keras


def with_extractor(
    model: TrainedModel, params: Extract, image_shape: list[int], seed: int
) -> TrainedModel:
    """Put the extractor in front of a head; return a model that takes images unchanged.

    Args:
        model: a model that takes features or images.
        params: the section `extract` with which its features were computed.
        image_shape: height, width, channels.
        seed: seed of a backbone with random weights.

    Raises:
        UserError: the backbone's weights cannot be downloaded or read.
    """
    if model.description.takes != "features":
        return model
    extractor = build_extractor(params, image_shape, seed)
    convolutions = backbone_convolutions(extractor, params)
    network = join(extractor, model.network)
    return model.described(network, takes="images", convolutions=convolutions)


def build_classifier(model: TrainedModel, preprocess: Preprocess) -> TrainedModel:
    """Put preprocessing in front of a model that takes images.

    Args:
        model: a model that takes images (batch, height, width, channels).
        preprocess: the section `preprocess` of its training images.

    Returns:
        A model from RGB images, uint8 (batch, any height, any width, 3), to probabilities, float32
        (batch, classes).
    """
    # Always `training=False`, even if the caller does not pass it: Keras 3.15's layer Resizing
    # runs in training mode by default, and so would all layers after it.
    height, width = preprocess.image_size
    x = inputs = keras.Input((None, None, 3), dtype="uint8", name="image")
    # Converts to float32, in which the next layers compute.
    x = keras.layers.Rescaling(1.0, name="float", dtype="float32")(x)
    if preprocess.color_mode == "grayscale":
        x = Luma(name="grey", dtype="float32")(x)
    how = (preprocess.interpolation, preprocess.aspect_ratio)
    x = PillowResizing(height, width, *how, name="resize", dtype="float32")(x)
    outputs = model.network(x, training=False)
    if outputs.shape[-1] == 1:
        first = keras.layers.Rescaling(-1.0, offset=1.0, name="first", dtype="float32")(outputs)
        outputs = keras.layers.Concatenate(name="both", dtype="float32")([first, outputs])
    network = keras.Model(inputs, outputs, name="classifier")
    return model.described(network, takes="any images", bit_depth=preprocess.bit_depth)
