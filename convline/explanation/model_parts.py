"""Split a trained model into the parts that Grad-CAM and the pictures of filters need."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convline.networks.backbones import scaling_name
from convline.records.saved_models import TrainedModel
from convline.runtime.keras_backend import keras


@dataclass(frozen=True)
class ModelParts:
    """The parts of a model that takes images, 0 to 255, float32 (batch, height, width, channels).

    Attributes:
        convolutions: convolutional layers, first to last, of all backbones.
        names: their names; with several backbones, the backbone's name on a line before.
        responses: from images to the output of each of these layers, (batch, rows, columns,
            channels).
        maps: from images to the output of the last convolution of each backbone, (batch, rows,
            columns, channels) each.
        logits: from images, as a tensor, and their maps to one number per class before the softmax,
            float32 (batch, classes).
    """

    convolutions: list[keras.layers.Layer]
    names: list[str]
    responses: Callable[[Any], list[Any]]
    maps: Callable[[Any], list[Any]]
    logits: Callable[[Any, list[Any]], Any]


def split_model(model: TrainedModel) -> ModelParts:
    """Split a model that takes images, or the part of a classifier that follows its resizing."""
    description = model.description
    network = model.network
    if description.takes == "any images":
        network = network.get_layer(description.model)
    if description.model == "scratch":
        return _split_cnn(network, description.convolutions["scratch"])
    extractor, head = network.get_layer("extractor"), network.get_layer("head")
    return _split_transfer(extractor, head, description.convolutions)


def _split_cnn(network: keras.Model, names: list[str]) -> ModelParts:
    convolutions = [network.get_layer(name) for name in names]
    output = network.get_layer("output")
    responses = _outputs(network, [layer.output for layer in convolutions])
    last = convolutions[-1].output
    after_last = keras.Model([network.input, last], output.input)

    def logits(images: Any, maps: list[Any]) -> Any:
        return _logits(output, after_last([images, *maps]))

    return ModelParts(convolutions, names, responses, _outputs(network, [last]), logits)


def _split_transfer(
    extractor: keras.Model, head: keras.Model, names: dict[str, list[str]]
) -> ModelParts:
    backbones = [extractor.get_layer(name) for name in names]
    convolutions = [
        [backbone.get_layer(name) for name in names[backbone.name]] for backbone in backbones
    ]
    scaled = _outputs(extractor, [extractor.get_layer(scaling_name(name)).output for name in names])
    responding = [
        _outputs(backbone, [layer.output for layer in layers])
        for backbone, layers in zip(backbones, convolutions, strict=True)
    ]
    last = [layers[-1].output for layers in convolutions]
    up_to_last = [_outputs(backbone, [x]) for backbone, x in zip(backbones, last, strict=True)]
    # Also from the images, because some networks have layers beside their last convolution.
    after_last = [
        keras.Model([backbone.input, x], backbone.output)
        for backbone, x in zip(backbones, last, strict=True)
    ]
    output = head.get_layer("output")
    before_output = keras.Model(head.input, output.input)

    def responses(images: Any) -> list[Any]:
        found = [part(x) for part, x in zip(responding, scaled(images), strict=True)]
        return [response for outputs in found for response in outputs]

    def maps(images: Any) -> list[Any]:
        return [part(x)[0] for part, x in zip(up_to_last, scaled(images), strict=True)]

    def logits(images: Any, maps: list[Any]) -> Any:
        inputs = zip(scaled(images), maps, strict=True)
        features = [part([*x]) for part, x in zip(after_last, inputs, strict=True)]
        joined = features[0] if len(features) == 1 else keras.ops.concatenate(features, axis=-1)
        return _logits(output, before_output(joined))

    several = len(backbones) > 1
    return ModelParts(
        [layer for layers in convolutions for layer in layers],
        [f"{b}\n{name}" if several else name for b in names for name in names[b]],
        responses,
        maps,
        logits,
    )


def _outputs(network: keras.Model, tensors: list[Any]) -> Callable[[Any], list[Any]]:
    """Return the function from the network's input to the values of these tensors inside it."""
    part = keras.Model(network.input, tensors)
    # Keras 3.15 returns the tensor instead of a list of one.
    return lambda images: part(images) if len(tensors) > 1 else [part(images)]


def _logits(output: keras.layers.Layer, x: Any) -> Any:
    logits = keras.ops.matmul(keras.ops.cast(x, "float32"), output.kernel) + output.bias
    # A single sigmoid belongs to the second class; the first class gets its negative.
    return keras.ops.concatenate([-logits, logits], -1) if logits.shape[-1] == 1 else logits
