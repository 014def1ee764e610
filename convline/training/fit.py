"""Fit a model with early stopping, as both training stages do."""

import math
from collections.abc import Sequence
from typing import Any

from convline.networks.output_layer import loss
from convline.params.schema import Augmentation, Training
from convline.records.dataset import Dataset
from convline.runtime.keras_backend import keras
from convline.runtime.tensorflow_setup import has_gpu, tf, threads, verbose
from convline.training.augmentation import is_on
from convline.training.augmentation_gpu import augmenting, unchanged
from convline.training.batches import target_batches, training_batches
from convline.training.live_curves import Curves
from convline.training.optimizers import optimizer, schedule_callbacks

Metrics = dict[str, Any]
# Keras returns to Python once in so many steps: 8 ms instead of 16 for a step of the default CNN on
# two cores, to the same weights.
STEPS_PER_EXECUTION = 16
FIGURES = ("loss", "accuracy", "val_loss", "val_accuracy")


def fit(
    model: keras.Model,
    train: tf.data.Dataset,
    validation: tf.data.Dataset,
    params: Training,
    *,
    images: Sequence[int],
    curves: Curves,
) -> Metrics:
    """Train `model` and leave it with its best weights, those of the lowest validation loss.

    Args:
        model: its last layer is that of convline.networks.output_layer.
        train: shuffled batches with a known cardinality.
        validation: likewise, not shuffled.
        params: the section of the stage.
        images: how many training images each label has.
        curves: where loss and accuracy of each epoch go.

    Returns:
        Figures of the best epoch and of the run, for metrics/<stage>.json.

    Raises:
        UserError: the loss became infinite or not a number.
    """
    steps = math.ceil(sum(images) / params.batch_size)
    compile_model(model, params, steps)
    best = keras.callbacks.EarlyStopping(
        "val_loss", mode="min", patience=params.early_stopping_patience, restore_best_weights=True
    )
    history = model.fit(
        train,
        epochs=params.epochs,
        validation_data=validation,
        class_weight=class_weights(images) if params.class_weight == "balanced" else None,
        shuffle=False,  # The batches come shuffled.
        verbose=verbose(),
        callbacks=[curves, *schedule_callbacks(params), best],
    ).history
    print(f"best epoch {best.best_epoch + 1} of {len(history['loss'])}, val_loss {best.best:.4f}")
    return {
        "parameters": model.count_params(),
        # `best.loss`, not `loss`: that is a param, and DVC writes the file before a shared name.
        "best": {
            "epoch": best.best_epoch + 1,
            **{name: history[name][best.best_epoch] for name in FIGURES},
        },
        "compute_dtype": keras.config.dtype_policy().compute_dtype,
        "threads": threads(),
    }


def fit_to_images(
    model: keras.Model,
    dataset: Dataset,
    params: Training,
    *,
    changes: Augmentation,
    seed: int,
    curves: Curves,
) -> Metrics:
    """Train `model` on the train split and leave it with its best weights.

    Args:
        model: of images, (batch, height, width, channels), 0 to 255.
        dataset: what the TFRecords hold.
        params: the section of the stage.
        changes: how training images are augmented, on the GPU where there is one.
        seed: of the order of the images and of their changes.
        curves: where loss and accuracy of each epoch go.

    Returns:
        As `fit`.
    """
    on_device = has_gpu() and is_on(changes)
    train = training_batches(dataset, params, changes, seed, on_device)
    validation = target_batches(dataset, "validation", params)
    if on_device:
        model = augmenting(model)
        validation = validation.map(unchanged)
    images = dataset.class_counts("train")
    return fit(model, train, validation, params, images=images, curves=curves)


def class_weights(images: Sequence[int]) -> dict[int, float]:
    """Weight of each label, scikit-learn's `balanced`: n / (classes * images of the class)."""
    return {label: sum(images) / (len(images) * count) for label, count in enumerate(images)}


def compile_model(model: keras.Model, params: Training, steps: int) -> None:
    """Set optimizer, loss and accuracy; `steps` of the optimizer make an epoch."""
    one_unit = params.output_activation == "sigmoid"
    accuracy = keras.metrics.BinaryAccuracy if one_unit else keras.metrics.CategoricalAccuracy
    # Keras's loop over steps fails on several devices, "You must feed a value for placeholder
    # tensor" (keras#19246).
    several_devices = tf.distribute.get_strategy().num_replicas_in_sync > 1
    model.compile(
        optimizer(params, steps),
        loss=loss(params),
        metrics=[accuracy(name="accuracy")],
        steps_per_execution=1 if several_devices else STEPS_PER_EXECUTION,
    )
