"""Build the output layer, its targets, its loss and the L2 penalty for the CNN and the head."""

from typing import Any

from convline.params.schema import Fitting
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras


def output_layer(classes: int, params: Fitting) -> keras.layers.Layer:
    """The last layer: a softmax over the classes, or one sigmoid for the second of two classes.

    Raises:
        UserError: a sigmoid, or the loss of one, for other than two classes.
    """
    if params.output == "sigmoid" and classes != 2:
        raise UserError(f"output 'sigmoid' is for 2 classes, not for {classes}; use 'softmax'")
    if params.loss == "binary_crossentropy" and classes != 2:
        why = f"loss 'binary_crossentropy' is for 2 classes, not for {classes}"
        raise UserError(f"{why}; use 'categorical_crossentropy'")
    units = 1 if params.output == "sigmoid" else classes
    # Probabilities in float32 whatever the precision: bfloat16 has 3 decimal digits.
    return keras.layers.Dense(
        units, params.output, kernel_regularizer=l2(params), dtype="float32", name="output"
    )


def targets(labels: Any, classes: int, params: Fitting) -> Any:
    """Return the targets of the output layer for `labels`, int (n,).

    Returns:
        float32 (n, 1) for a sigmoid, one-hot float32 (n, classes) for a softmax.
    """
    if params.output == "sigmoid":
        return keras.ops.cast(labels, "float32")[:, None]
    return keras.ops.one_hot(labels, classes, dtype="float32")


def loss(params: Fitting) -> keras.losses.Loss:
    """What that layer is trained to lower.

    Keras 3.15 takes the binary loss of a softmax from its logits, as if they were sigmoids'. Of two
    classes the categorical loss is the same number.
    """
    binary, categorical = keras.losses.BinaryCrossentropy, keras.losses.CategoricalCrossentropy
    kind = binary if params.output == "sigmoid" else categorical
    return kind(label_smoothing=params.label_smoothing)


def l2(params: Fitting) -> keras.regularizers.Regularizer | None:
    """What is added to the loss for large weights of convolutions and dense layers."""
    return keras.regularizers.L2(params.l2) if params.l2 else None
