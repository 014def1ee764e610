"""Floating-point operations of a network, counted from the shapes of its layers.

A multiplication and an addition are two. Convolutions and dense layers are counted, not what is
done once per value, such as activations, pooling and dropout: it adds little arithmetic.
"""

import math
from collections.abc import Iterator

from convline.runtime.keras_backend import keras


def forward(model: keras.Model) -> int:
    """Of one example, from the input to the output.

    Raises:
        TypeError: a layer has weights and is of no kind that is counted.
    """
    return sum(_of_layers(model))


def training(model: keras.Model) -> int:
    """Of one example in a training step: three times forward, but for the first layer.

    The gradients of a layer's inputs and of its kernel take as much each as the layer itself.
    Those of the network's own input are never computed, which leaves twice forward for the first
    layer: in a head, where nearly all weights are in it, a third less.
    """
    first, *others = _of_layers(model)
    return 2 * first + 3 * sum(others)


def _of_layers(model: keras.Model) -> Iterator[int]:
    """Of each layer that is counted, in the order of the network."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _of_layers(layer)
        elif isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            # Each value of the output is a sum over one column of the kernel.
            *column, _ = layer.kernel.shape
            yield 2 * math.prod(column) * math.prod(layer.output.shape[1:])
        elif layer.weights and not isinstance(layer, keras.layers.BatchNormalization):
            raise TypeError(f"operations of {type(layer).__name__} are not counted")
