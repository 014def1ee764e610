"""Train a CNN from scratch.

Reads   data/tfrecords
Writes  models/scratch.keras, metrics/train.json, metrics/train/ (curves)
Params  seed, train
"""

from stages.common import fitting, paths
from stages.common.batches import target_batches, training_batches
from stages.common.command import run
from stages.common.curves import live_curves
from stages.common.dataset import load_dataset
from stages.common.files import write_json
from stages.common.models import save
from stages.common.params import load_params
from stages.common.per_layer import per_layer
from stages.common.runtime import keras, set_up
from stages.common.schema import Train


def main() -> None:
    params = load_params()
    dataset = load_dataset()
    set_up(params.seed, params.runtime.device, params.train.precision)
    model = build_model(params.train, dataset.image_shape, len(dataset.classes))
    model.summary(line_length=80)

    train = training_batches(dataset, params.train, params.train.augmentation, params.seed)
    validation = target_batches(dataset, "validation", params.train)
    images = dataset.class_counts("train")
    with live_curves("train") as curves:
        metrics = fitting.fit(model, train, validation, params.train, images=images, curves=curves)
    save(model, paths.SCRATCH_MODEL)
    write_json(paths.metrics("train"), {"train": metrics})


def build_model(params: Train, image_shape: list[int], classes: int) -> keras.Model:
    """INPUT -> [[CONV -> RELU]*N -> POOL]*M -> [FC -> RELU]*K -> FC.

    The pattern is that of the course CS231n (Stanford), "Convolutional Neural Networks", section
    "ConvNet Architectures".

    Args:
        params: M blocks, one for each of `filters`, of N = `convs_per_block` convolutions; K hidden
            layers, one for each of `dense_units`.
        image_shape: height, width, channels.
        classes: how many.

    Returns:
        A model from images, 0 to 255, (batch, height, width, channels), scaled inside by 1/255, to
        probabilities, float32 (batch, classes), or (batch, 1) for a sigmoid.
    """
    x = inputs = keras.Input(image_shape, name="image")
    # float32: bfloat16 has 8 bits of precision, as many as a pixel.
    x = keras.layers.Rescaling(1 / 255, dtype="float32")(x)
    pools = per_layer(params.pool_size, len(params.filters))
    pooling = {"max": keras.layers.MaxPooling2D, "avg": keras.layers.AveragePooling2D}
    l2 = fitting.l2(params)
    for filters, pool in zip(params.filters, pools, strict=True):
        for _ in range(params.convs_per_block):
            x = keras.layers.Conv2D(
                filters, params.kernel_size, padding=params.padding, kernel_regularizer=l2
            )(x)
            if params.batch_normalization:
                x = keras.layers.BatchNormalization()(x)
            x = keras.layers.Activation(params.activation)(x)
        if pool > 1:
            x = pooling[params.pooling](pool)(x)
    x = keras.layers.Dropout(params.conv_dropout)(x)
    x = keras.layers.Flatten()(x)
    for units in params.dense_units:
        x = keras.layers.Dense(units, params.activation, kernel_regularizer=l2)(x)
        x = keras.layers.Dropout(params.dropout)(x)
    outputs = fitting.output_layer(classes, params)(x)
    return keras.Model(inputs, outputs, name="scratch")


if __name__ == "__main__":
    run(main)
