"""Train a small classifier on VGG16's bottleneck features.

Reads   data/features, data/tfrecords/dataset.json
Writes  models/head.keras, metrics/train_head.json, metrics/train_head/ (curves)
Params  seed, train_head
"""

from stages.common import fitting, paths
from stages.common.command import run
from stages.common.curves import live_curves
from stages.common.dataset import load_dataset
from stages.common.features import load_features
from stages.common.files import write_json
from stages.common.models import save
from stages.common.params import load_params
from stages.common.per_layer import per_layer
from stages.common.runtime import keras, set_up
from stages.common.schema import TrainHead


def main() -> None:
    params = load_params()
    dataset = load_dataset()
    classes = len(dataset.classes)
    train, validation = load_features("train"), load_features("validation")
    set_up(params.seed, params.runtime.device, params.train_head.precision)
    model = build_model(params.train_head, train.features.shape[1:], classes)
    model.summary(line_length=80)
    train_pair, validation_pair = (
        (split.features, fitting.targets(split.labels, classes, params.train_head).numpy())
        for split in (train, validation)
    )
    images = dataset.class_counts("train")
    with live_curves("train_head") as curves:
        metrics = fitting.fit(
            model, train_pair, validation_pair, params.train_head, images=images, curves=curves
        )
    save(model, paths.HEAD_MODEL)
    write_json(paths.metrics("train_head"), {"train_head": metrics})


def build_model(params: TrainHead, features_shape: tuple[int, ...], classes: int) -> keras.Model:
    """Dense layers, each followed by dropout, on flattened features.

    Args:
        params: one hidden layer for each of `dense_units`.
        features_shape: of one example, (height, width, channels) or (channels,).
        classes: how many.

    Returns:
        A model from features (batch, *features_shape) to probabilities, float32 (batch, classes),
        or (batch, 1) for a sigmoid.
    """
    x = inputs = keras.Input(features_shape, name="features")
    x = keras.layers.Flatten()(x)
    rates = per_layer(params.dropout, len(params.dense_units))
    for units, rate in zip(params.dense_units, rates, strict=True):
        x = keras.layers.Dense(units, params.activation, kernel_regularizer=fitting.l2(params))(x)
        x = keras.layers.Dropout(rate)(x)
    outputs = fitting.output_layer(classes, params)(x)
    return keras.Model(inputs, outputs, name="head")


if __name__ == "__main__":
    run(main)
