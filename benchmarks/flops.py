"""Floating-point operations of a network, counted from the shapes of its layers.

A multiplication and an addition are two operations. Convolutions and dense layers are counted;
operations per value, such as activations, pooling and dropout, are negligible.
"""

import math
from collections.abc import Iterator

from convline.runtime.keras_backend import keras


def forward(model: keras.Model) -> int:
    """Return the operations of a forward pass of one example.

    Raises:
        TypeError: a layer has weights and is not of a counted type.
    """
    return sum(_of_layers(model))


def training(model: keras.Model) -> int:
    """Return the operations of a training step for one example.

    Each layer takes three times its forward pass: the gradients of its inputs and of its kernel
    cost as much as the layer itself. The gradient of the network's input is not computed, so the
    first layer takes only twice its forward pass. In a head it has nearly all weights.
    """
    first, *others = _of_layers(model)
    return 2 * first + 3 * sum(others)


def _of_layers(model: keras.Model) -> Iterator[int]:
    """Yield the operations of each counted layer in the order of the network."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _of_layers(layer)
        elif isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            # Each output value is a sum over one column of the kernel.
            *column, _ = layer.kernel.shape
            yield 2 * math.prod(column) * math.prod(layer.output.shape[1:])
        elif layer.weights and not isinstance(layer, keras.layers.BatchNormalization):
            raise TypeError(f"operations of {type(layer).__name__} are not counted")
