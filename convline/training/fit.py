"""Train a model with early stopping."""

import math
from collections.abc import Sequence
from typing import Any

from convline.networks.output_layer import loss
from convline.params.schema import Augmentation, Training
from convline.records.dataset import Dataset
from convline.runtime.keras_backend import keras
from convline.runtime.machine import processor
from convline.runtime.tensorflow_setup import has_gpu, tf, threads
from convline.training.augmentation import is_on
from convline.training.augmentation_gpu import augmenting, unchanged
from convline.training.batches import target_batches, training_batches
from convline.training.checkpoints import Checkpoint
from convline.training.compiled_update import compile_update
from convline.training.live_curves import Curves
from convline.training.optimizers import optimizer, schedule_callbacks
from convline.training.progress import Progress

Metrics = dict[str, Any]
# Training steps per call into TensorFlow: a step of the default CNN takes 8 ms instead of 16 on two
# cores, and the weights are the same.
STEPS_PER_EXECUTION = 16
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")


def fit(
    model: keras.Model,
    train: tf.data.Dataset,
    validation: tf.data.Dataset,
    params: Training,
    *,
    images: Sequence[int],
    curves: Curves,
    checkpoint: Checkpoint | None = None,
) -> Metrics:
    """Train `model` and restore its weights of the epoch with the lowest validation loss.

    Args:
        model: any model that ends in the layer of convline.networks.output_layer.
        train: shuffled batches of inputs and targets, with a known cardinality.
        validation: batches in a fixed order, with a known cardinality.
        params: the section `train` or `train_head`.
        images: number of training images per label.
        curves: records loss and accuracy of each epoch.
        checkpoint: state of an earlier fit that was killed; None keeps no checkpoints.

    Returns:
        Metrics of the best epoch and of the run, for metrics/<stage>.json.

    Raises:
        UserError: the loss became infinite or NaN.
    """
    steps = math.ceil(sum(images) / params.batch_size)
    compile_model(model, params, steps)
    best = keras.callbacks.EarlyStopping(
        "val_loss", mode="min", patience=params.early_stopping_patience, restore_best_weights=True
    )
    progress = Progress(sum(images), params.batch_size)
    callbacks = [progress, curves, *schedule_callbacks(params), best]
    finished = checkpoint.restore(model, train, callbacks) if checkpoint else 0
    history = model.fit(
        train,
        epochs=params.epochs,
        initial_epoch=finished,
        validation_data=validation,
        class_weight=class_weights(images) if params.class_weight == "balanced" else None,
        shuffle=False,  # The batches are shuffled already.
        verbose=0,
        callbacks=[*callbacks, *([checkpoint] if checkpoint else [])],
    ).history
    print(f"best epoch {best.best_epoch + 1} of {len(history['loss'])}, val_loss {best.best:.4f}")
    return {
        "parameters": model.count_params(),
        # Nested, because `train.loss` is a parameter, too: DVC would prefix both with file names.
        "best": {
            "epoch": best.best_epoch + 1,
            **{name: history[name][best.best_epoch] for name in CURVES},
        },
        "compute_dtype": keras.config.dtype_policy().compute_dtype,
        "processor": processor(),
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
    checkpoint: Checkpoint | None = None,
) -> Metrics:
    """Train `model` on the augmented images of the train split, as `fit` does.

    Args:
        model: a model that takes images, uint8 (batch, height, width, channels).
        dataset: description of the TFRecords.
        params: the section `train` or `train_head`.
        changes: augmentation of the training images; it runs on the GPU if there is one.
        seed: seed of the order of the images and of their augmentation.
        curves: records loss and accuracy of each epoch.
        checkpoint: as for `fit`.

    Returns:
        The metrics of `fit`.
    """
    on_device = has_gpu() and is_on(changes)
    train = training_batches(dataset, params, changes, seed, on_device)
    validation = target_batches(dataset, "validation", params)
    if on_device:
        model = augmenting(model)
        validation = validation.map(unchanged)
    images = dataset.class_counts("train")
    return fit(
        model, train, validation, params, images=images, curves=curves, checkpoint=checkpoint
    )


def class_weights(images: Sequence[int]) -> dict[int, float]:
    """Return the weight of each label, n / (classes * images), as scikit-learn's `balanced`."""
    return {label: sum(images) / (len(images) * count) for label, count in enumerate(images)}


def compile_model(model: keras.Model, params: Training, steps: int) -> None:
    """Set optimizer, loss and accuracy; `steps` is the number of training steps per epoch."""
    one_unit = params.output_activation == "sigmoid"
    accuracy = keras.metrics.BinaryAccuracy if one_unit else keras.metrics.CategoricalAccuracy
    # Keras's loop over steps fails on several devices, "You must feed a value for placeholder
    # tensor" (keras#19246).
    several_devices = tf.distribute.get_strategy().num_replicas_in_sync > 1
    model.compile(
        compile_update(optimizer(params, steps)),
        loss=loss(params),
        metrics=[accuracy(name="accuracy")],
        steps_per_execution=1 if several_devices else STEPS_PER_EXECUTION,
    )
