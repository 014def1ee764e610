"""Train a small classifier on the bottleneck features, then, if asked for, fine-tune the backbone.

Reads   data/features, data/tfrecords
Writes  models/head.keras, metrics/train_head.json, metrics/train_head/ (curves)
Params  seed, train_head; those of extract that say what the backbone is
"""

from stages.common import fitting, paths
from stages.common.backend import keras
from stages.common.batches import target_batches, training_batches
from stages.common.command import UserError, run
from stages.common.curves import Curves, live_curves
from stages.common.dataset import Dataset, load_dataset
from stages.common.features import load_features
from stages.common.files import write_json
from stages.common.models import save
from stages.common.params import load_params
from stages.common.runtime import set_up
from stages.common.schema import Params, TrainHead
from stages.networks.backbones import FINE_TUNED, build_extractor
from stages.networks.head import build_head


def main() -> None:
    params = load_params()
    dataset = load_dataset()
    set_up(params.seed, params.runtime.device, params.train_head.precision)
    tuning = params.train_head.fine_tune.layers > 0
    extractor = trainable_extractor(params, dataset) if tuning else None
    with live_curves("train_head") as curves:
        model, metrics = train_on_features(params.train_head, dataset, curves)
        if extractor:
            tuned, metrics["fine_tuned"] = fine_tune(extractor, model, params, dataset, curves)
            model = better(model, metrics, tuned)
    save(model, paths.HEAD_MODEL)
    write_json(paths.metrics("train_head"), {"train_head": metrics})


def train_on_features(
    params: TrainHead, dataset: Dataset, curves: Curves
) -> tuple[keras.Model, fitting.Metrics]:
    """The head alone, on features that were computed once."""
    train, validation = load_features("train"), load_features("validation")
    classes = len(dataset.classes)
    model = build_head(params, train.features.shape[1:], classes)
    model.summary(line_length=80)
    train_pair, validation_pair = (
        (split.features, fitting.targets(split.labels, classes, params).numpy())
        for split in (train, validation)
    )
    images = dataset.class_counts("train")
    return model, fitting.fit(
        model, train_pair, validation_pair, params, images=images, curves=curves
    )


def trainable_extractor(params: Params, dataset: Dataset) -> keras.Model:
    """Images to features, the last layers of each backbone to be trained, all others frozen.

    Batch normalization stays frozen, which has it keep the means that it was trained with: a batch
    is too small to renew them (https://keras.io/guides/transfer_learning).

    Raises:
        UserError: a backbone has fewer layers than are to be trained.
    """
    extractor = build_extractor(params.extract, dataset.image_shape, params.seed)
    layers = params.train_head.fine_tune.layers
    for backbone in (layer for layer in extractor.layers if isinstance(layer, keras.Model)):
        for layer in backbone.layers:
            layer.trainable = False
        weighty = [
            layer
            for layer in backbone.layers
            if layer.weights and not isinstance(layer, keras.layers.BatchNormalization)
        ]
        if len(weighty) < layers:
            why = (
                f"{backbone.name} has {len(weighty)} layers with weights, batch normalization aside"
            )
            raise UserError(f"train_head.fine_tune.layers: {why}, got {layers}")
        for layer in weighty[-layers:]:
            layer.trainable = True
    return extractor


def fine_tune(
    extractor: keras.Model, head: keras.Model, params: Params, dataset: Dataset, curves: Curves
) -> tuple[keras.Model, fitting.Metrics]:
    """Train the last layers of the backbone on, and the head with them, from augmented images.

    The third step of F. Chollet, "Building powerful image classification models using very little
    data" (2016): only once the head has converged, and slowly, so that the large gradients of a new
    head do not wreck what the backbone has learnt. `head` is left as it was.

    Returns:
        A model from images, 0 to 255, (batch, height, width, channels), to probabilities, and its
        figures for metrics/train_head.json.
    """
    tuning = params.train_head.fine_tune
    own_head = keras.models.clone_model(head)
    own_head.set_weights(head.get_weights())
    model = keras.Model(extractor.input, own_head(extractor.output), name=FINE_TUNED)
    section = params.train_head.model_copy(
        update={"learning_rate": tuning.learning_rate, "epochs": tuning.epochs}
    )
    train = training_batches(dataset, section, tuning.augmentation, params.seed)
    validation = target_batches(dataset, "validation", section)
    images = dataset.class_counts("train")
    curves.learning_rate = "train_head.fine_tune.learning_rate"
    metrics = fitting.fit(model, train, validation, section, images=images, curves=curves)
    return model, metrics


def better(head: keras.Model, metrics: fitting.Metrics, tuned: keras.Model) -> keras.Model:
    """The model with the lower validation loss: too high a rate, and fine-tuning does harm."""
    before, after = (x["best"]["val_loss"] for x in (metrics, metrics["fine_tuned"]))
    if after < before:
        return tuned
    print(f"fine-tuning did not lower val_loss ({before:.4f}, then {after:.4f}): the head is kept")
    return head


if __name__ == "__main__":
    run(main)
