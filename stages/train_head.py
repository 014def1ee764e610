"""Train the transfer model's head on extracted features, then optionally fine-tune the backbone.

Reads   data/features, data/tfrecords
Writes  models/head.keras, metrics/train_head.json, metrics/train_head/ (curves)
Params  seed, train_head, extract (the parameters that define the backbone)
"""

from convline.networks.backbones import (
    backbone_convolutions,
    backbone_names,
    build_extractor,
    join,
    weights_sha256,
)
from convline.networks.head import build_head
from convline.networks.output_layer import targets
from convline.params.class_names import check_class_names
from convline.params.loading import load_params
from convline.params.schema import Params
from convline.records.dataset import Dataset, load_dataset
from convline.records.features import feature_batches, load_features
from convline.records.saved_models import Description, TrainedModel
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import require_writable, write_json
from convline.runtime.keras_backend import keras
from convline.runtime.runner import run
from convline.runtime.tensorflow_setup import replicas, set_up, tf
from convline.training.checkpoints import checkpoint, forget_checkpoints
from convline.training.fit import Metrics, fit, fit_to_images
from convline.training.live_curves import Curves, live_curves


def main() -> None:
    params = load_params()
    require_writable(paths.HEAD_MODEL, paths.metrics("train_head"))
    dataset = load_dataset()
    check_class_names(params, dataset.classes)
    set_up(
        params.seed,
        params.train_head.precision,
        device=params.runtime.device,
        gpus=params.runtime.gpus,
    )
    tuning = params.train_head.fine_tune.unfreeze_layers > 0
    with replicas(params.runtime.gpus), live_curves("train_head") as curves:
        extractor = trainable_extractor(params, dataset) if tuning else None
        model, metrics = train_on_features(params, dataset, curves)
        if extractor:
            tuned, metrics["fine_tuned"] = fine_tune(extractor, model, params, dataset, curves)
            model = better(model, metrics, tuned)
    model.save(paths.HEAD_MODEL)
    write_json(paths.metrics("train_head"), {"train_head": metrics})
    forget_checkpoints("train_head", "fine_tune")


def train_on_features(
    params: Params, dataset: Dataset, curves: Curves
) -> tuple[TrainedModel, Metrics]:
    """Train the head on the features of the frozen backbone."""
    section = params.train_head
    train, validation = load_features("train"), load_features("validation")
    classes = len(dataset.classes)
    model = build_head(section, train.features.shape[1:], classes)
    model.summary(line_length=80)

    def with_targets(features: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return features, targets(labels, classes, section)

    metrics = fit(
        model,
        feature_batches(train, section.batch_size, params.seed).map(with_targets),
        feature_batches(validation, section.batch_size).map(with_targets),
        section,
        images=dataset.class_counts("train"),
        curves=curves,
        checkpoint=checkpoint("train_head", paths.FEATURES, params.seed, section),
    )
    description = Description("transfer", "features", dataset.classes, False, {})
    return TrainedModel(model, description), metrics


def trainable_extractor(params: Params, dataset: Dataset) -> keras.Model:
    """Build the extractor with the last layers of each backbone trainable and all others frozen.

    Batch normalization stays frozen and keeps its statistics, because a batch is too small to
    estimate them (https://keras.io/guides/transfer_learning).

    Raises:
        UserError: a backbone has fewer layers with weights than should be trained.
    """
    extractor = build_extractor(params.extract, dataset.image_shape, params.seed)
    layers = params.train_head.fine_tune.unfreeze_layers
    for backbone in map(extractor.get_layer, backbone_names(params.extract)):
        for layer in backbone.layers:
            layer.trainable = False
        with_weights = [
            layer
            for layer in backbone.layers
            if layer.weights and not isinstance(layer, keras.layers.BatchNormalization)
        ]
        if len(with_weights) < layers:
            limit = f"must be at most {len(with_weights)}, the trainable layers of {backbone.name}"
            raise UserError(f"train_head.fine_tune.unfreeze_layers: {limit}, got {layers}")
        for layer in with_weights[-layers:]:
            layer.trainable = True
    return extractor


def fine_tune(
    extractor: keras.Model, head: TrainedModel, params: Params, dataset: Dataset, curves: Curves
) -> tuple[TrainedModel, Metrics]:
    """Train the last layers of the backbone together with a copy of the head, from images.

    This is the third step of F. Chollet, "Building powerful image classification models using very
    little data" (2016). It follows the training of the head and uses a low learning rate, because
    the large gradients of a new head would destroy the features of the backbone.

    Returns:
        A model that takes images, 0 to 255, (batch, height, width, channels), and returns
        probabilities; its metrics for metrics/train_head.json.
    """
    tuning = params.train_head.fine_tune
    own_head = keras.models.clone_model(head.network)
    own_head.set_weights(head.network.get_weights())
    network = join(extractor, own_head)
    section = params.train_head.model_copy(
        update={"learning_rate": tuning.learning_rate, "epochs": tuning.epochs}
    )
    curves.learning_rate = "train_head.fine_tune.learning_rate"
    changes = tuning.augmentation
    metrics = fit_to_images(
        network,
        dataset,
        section,
        changes=changes,
        seed=params.seed,
        curves=curves,
        checkpoint=checkpoint(
            "fine_tune", paths.TFRECORDS, params.seed, section, tuning, weights_sha256(extractor)
        ),
    )
    convolutions = backbone_convolutions(extractor, params.extract)
    tuned = head.described(network, takes="images", fine_tuned=True, convolutions=convolutions)
    return tuned, metrics


def better(head: TrainedModel, metrics: Metrics, tuned: TrainedModel) -> TrainedModel:
    """Return the model with the lower validation loss: fine-tuning can make it worse."""
    before, after = (x["best"]["val_loss"] for x in (metrics, metrics["fine_tuned"]))
    if after < before:
        return tuned
    print(f"fine-tuning did not lower val_loss ({before:.4f} to {after:.4f}): keeping the head")
    return head


if __name__ == "__main__":
    run(main)
