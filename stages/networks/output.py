"""What the CNN and the head share: last layer, its loss, the penalty on large weights."""

from stages.common.backend import keras
from stages.common.command import UserError
from stages.common.schema import Fitting


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
