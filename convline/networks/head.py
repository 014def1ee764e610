"""Build the head: a small classifier on the features of pre-trained networks."""

from convline.networks.output_layer import l2, output_layer
from convline.params.per_layer import per_layer
from convline.params.schema import TrainHead
from convline.runtime.keras_backend import keras


def build_head(params: TrainHead, features_shape: tuple[int, ...], classes: int) -> keras.Model:
    """Build dense layers, each followed by dropout, on flattened features.

    Args:
        params: one hidden layer per entry of `dense_units`.
        features_shape: shape of one example, (height, width, channels) or (channels,).
        classes: number of classes.

    Returns:
        A model that takes features, (batch, *features_shape), and returns probabilities, float32
        (batch, classes), or (batch, 1) for a sigmoid.
    """
    x = inputs = keras.Input(features_shape, name="features")
    x = keras.layers.Flatten()(x)
    rates = per_layer(params.dropout, len(params.dense_units))
    for units, rate in zip(params.dense_units, rates, strict=True):
        x = keras.layers.Dense(units, params.activation, kernel_regularizer=l2(params))(x)
        x = keras.layers.Dropout(rate)(x)
    outputs = output_layer(classes, params)(x)
    return keras.Model(inputs, outputs, name="head")
