"""Build the output layer, its targets, its loss and the L2 penalty for the CNN and the head."""

from typing import Any

from convline.params.schema import Training
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras

# By `loss`: Keras's loss for a softmax, for a sigmoid, and whether it takes label_smoothing.
LOSSES = {
    "crossentropy": ("CategoricalCrossentropy", "BinaryCrossentropy", True),
    "focal": ("CategoricalFocalCrossentropy", "BinaryFocalCrossentropy", True),
    "mean_squared_error": ("MeanSquaredError", "MeanSquaredError", False),
    "hinge": ("CategoricalHinge", "Hinge", False),
}


def output_layer(classes: int, params: Training) -> keras.layers.Layer:
    """Return the last layer: a softmax over all classes, or one sigmoid unit for the second of two.

    Raises:
        UserError: the activation is a sigmoid and there are more than two classes.
    """
    sigmoid = params.output_activation == "sigmoid"
    if sigmoid and classes != 2:
        raise UserError(
            f"output_activation 'sigmoid' needs 2 classes, got {classes}; use 'softmax'"
        )
    # Probabilities in float32 for every precision: bfloat16 has 3 decimal digits.
    return keras.layers.Dense(
        1 if sigmoid else classes,
        params.output_activation,
        kernel_regularizer=l2(params),
        dtype="float32",
        name="output",
    )


def targets(labels: Any, classes: int, params: Training) -> Any:
    """Return the targets of the output layer for `labels`, int (n,).

    Returns:
        float32 (n, 1) for a sigmoid, one-hot float32 (n, classes) for a softmax.
    """
    if params.output_activation == "sigmoid":
        return keras.ops.cast(labels, "float32")[:, None]
    return keras.ops.one_hot(labels, classes, dtype="float32")


def loss(params: Training) -> keras.losses.Loss:
    """Return the loss that training minimizes.

    The output activation decides between categorical and binary losses, also for two classes:
    Keras 3.15 computes the binary cross-entropy of a softmax from its logits, as if they were
    logits of sigmoids.
    """
    softmax, sigmoid, smooths = LOSSES[params.loss]
    kind = getattr(keras.losses, sigmoid if params.output_activation == "sigmoid" else softmax)
    return kind(label_smoothing=params.label_smoothing) if smooths else kind()


def l2(params: Training) -> keras.regularizers.Regularizer | None:
    """Return the penalty on large weights of convolutions and dense layers, if there is one."""
    return keras.regularizers.L2(params.l2) if params.l2 else None
