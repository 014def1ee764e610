"""Build the scratch CNN."""

from convline.networks.output_layer import l2, output_layer
from convline.params.per_layer import per_layer
from convline.params.schema import Train
from convline.runtime.keras_backend import keras

INCREASING = {"relu", "leaky_relu", "sigmoid", "tanh", "selu", "elu"}


def build_cnn(params: Train, image_shape: list[int], classes: int) -> keras.Model:
    """Build INPUT -> [[CONV -> RELU]*N -> POOL]*M -> [FC -> RELU]*K -> FC.

    The pattern is from the course CS231n (Stanford), "Convolutional Neural Networks", section
    "ConvNet Architectures".

    Args:
        params: M blocks, one per entry of `filters`, of N = `convs_per_block` convolutions; K
            hidden layers, one per entry of `dense_units`.
        image_shape: height, width, channels.
        classes: number of classes.

    Returns:
        A model that takes images, 0 to 255, (batch, height, width, channels), scales them by 1/255
        and returns probabilities, float32 (batch, classes), or (batch, 1) for a sigmoid.
    """
    x = inputs = keras.Input(image_shape, name="image")
    # float32: bfloat16 has 8 bits of precision, as many as a pixel.
    x = keras.layers.Rescaling(1 / 255, dtype="float32")(x)
    pools = per_layer(params.pool_size, len(params.filters))
    pooling = {"max": keras.layers.MaxPooling2D, "avg": keras.layers.AveragePooling2D}
    penalty = l2(params)
    # An increasing activation and max pooling can be swapped. Pooling first leaves a quarter of the
    # values to the activation, which saves a sixth of a training step on a CPU.
    pool_first = params.pool_type == "max" and params.activation in INCREASING
    for filters, pool in zip(params.filters, pools, strict=True):
        for conv in range(1, params.convs_per_block + 1):
            x = keras.layers.Conv2D(
                filters, params.kernel_size, padding=params.padding, kernel_regularizer=penalty
            )(x)
            if params.batch_normalization:
                x = keras.layers.BatchNormalization()(x)
            if conv < params.convs_per_block or not pool_first:
                x = keras.layers.Activation(params.activation)(x)
        if pool > 1:
            x = pooling[params.pool_type](pool)(x)
        if pool_first:
            x = keras.layers.Activation(params.activation)(x)
    x = keras.layers.Dropout(params.final_conv_dropout)(x)
    x = keras.layers.Flatten()(x)
    for units in params.dense_units:
        x = keras.layers.Dense(units, params.activation, kernel_regularizer=penalty)(x)
        x = keras.layers.Dropout(params.dropout)(x)
    outputs = output_layer(classes, params)(x)
    return keras.Model(inputs, outputs, name="scratch")
