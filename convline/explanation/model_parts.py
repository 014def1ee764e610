"""The parts of a trained model, whichever it is: what Grad-CAM and pictures of filters look at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convline.networks.backbones import Scaling
from convline.runtime.keras_backend import keras

CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)


@dataclass(frozen=True)
class Anatomy:
    """A model in parts.

    Attributes:
        convolutions: its convolutional layers, first to last, of all backbones.
        names: of these layers; where there are several backbones, with theirs on a line before.
        responses: images, as below, to what each of these layers gives, (batch, rows, columns,
            channels).
        maps: images, 0 to 255, float32 (batch, height, width, channels), to what the chosen layer
            of each backbone gives, (batch, rows, columns, channels) each, and the features.
        logits: features to one number per class before the softmax, float32 (batch, classes).
    """

    convolutions: list[keras.layers.Layer]
    names: list[str]
    responses: Callable[[Any], list[Any]]
    maps: Callable[[Any], tuple[list[Any], Any]]
    logits: Callable[[Any], Any]


def dissect_cnn(model: keras.Model) -> Anatomy:
    """The CNN from scratch."""
    found = convolutions(model)
    parts = keras.Model(model.input, [found[-1].output, model.get_layer("output").input])

    def maps(images: Any) -> tuple[list[Any], Any]:
        last, features = parts(images)
        return [last], features

    all_of_them = keras.Model(model.input, [layer.output for layer in found])
    output = model.get_layer("output")
    names = [layer.name for layer in found]
    return Anatomy(found, names, all_of_them, maps, lambda features: _logits(output, features))


def dissect_transfer(extractor: keras.Model, head: keras.Model) -> Anatomy:
    """Backbones and a head; of a fine-tuned model both are in it.

    Args:
        extractor: images to features.
        head: features to probabilities.
    """
    backbones = [layer for layer in extractor.layers if isinstance(layer, keras.Model)]
    backbones = [layer for layer in backbones if layer.name != head.name]
    # What is given to each backbone, in the same order.
    scalings = [layer for layer in extractor.layers if isinstance(layer, Scaling)]
    fronts = [keras.Model(extractor.input, layer.output) for layer in scalings]
    inner = [
        keras.Model(layer.input, [convolutions(layer)[-1].output, layer.output])
        for layer in backbones
    ]
    responding = [
        keras.Model(layer.input, [conv.output for conv in convolutions(layer)])
        for layer in backbones
    ]
    tail = keras.Model(head.input, head.get_layer("output").input)

    def responses(images: Any) -> list[Any]:
        found = [part(front(images)) for front, part in zip(fronts, responding, strict=True)]
        return [response for outputs in found for response in outputs]

    def maps(images: Any) -> tuple[list[Any], Any]:
        pairs = [part(front(images)) for front, part in zip(fronts, inner, strict=True)]
        outputs = [features for _, features in pairs]
        joined = outputs[0] if len(outputs) == 1 else keras.ops.concatenate(outputs, axis=-1)
        return [last for last, _ in pairs], joined

    found = [(backbone, layer) for backbone in backbones for layer in convolutions(backbone)]
    several = len(backbones) > 1
    return Anatomy(
        [layer for _, layer in found],
        [f"{backbone.name}\n{layer.name}" if several else layer.name for backbone, layer in found],
        responses,
        maps,
        lambda features: _logits(head.get_layer("output"), tail(features)),
    )


def convolutions(model: keras.Model) -> list[keras.layers.Layer]:
    """Its convolutional layers, first to last."""
    return [layer for layer in model.layers if isinstance(layer, CONVOLUTIONS)]


def _logits(output: keras.layers.Layer, x: Any) -> Any:
    logits = keras.ops.matmul(keras.ops.cast(x, "float32"), output.kernel) + output.bias
    # One sigmoid is of the second class; the first has its opposite.
    return keras.ops.concatenate([-logits, logits], -1) if logits.shape[-1] == 1 else logits
