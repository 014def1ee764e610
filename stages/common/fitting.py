"""What both training stages share: targets, fitting with early stopping."""

import math
from collections.abc import Sequence
from typing import Any

from stages.common.backend import keras
from stages.common.curves import Curves
from stages.common.optimizers import optimizer, schedule_callbacks
from stages.common.runtime import tf, threads, verbose
from stages.common.schema import Fitting
from stages.networks.output import loss

Metrics = dict[str, Any]
# Keras returns to Python once in so many steps: 8 ms instead of 16 for a step of the default CNN on
# two cores, to the same weights.
STEPS_PER_EXECUTION = 16
FIGURES = ("loss", "accuracy", "val_loss", "val_accuracy")


def targets(labels: tf.Tensor, classes: int, params: Fitting) -> tf.Tensor:
    """Labels, int (n,), as the output layer has them: float32 (n, 1) or one-hot (n, classes)."""
    if params.output == "sigmoid":
        return tf.cast(labels, tf.float32)[:, tf.newaxis]
    return tf.one_hot(labels, classes)


def fit(
    model: keras.Model,
    train: tf.data.Dataset,
    validation: tf.data.Dataset,
    params: Fitting,
    *,
    images: Sequence[int],
    curves: Curves,
) -> Metrics:
    """Train `model` and leave it with its best weights, those of the lowest validation loss.

    Args:
        model: its last layer is that of stages.networks.output.
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
        "val_loss", mode="min", patience=params.patience, restore_best_weights=True
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


def class_weights(images: Sequence[int]) -> dict[int, float]:
    """Weight of each label, scikit-learn's `balanced`: n / (classes * images of the class)."""
    return {label: sum(images) / (len(images) * count) for label, count in enumerate(images)}


def compile_model(model: keras.Model, params: Fitting, steps: int) -> None:
    """Set optimizer, loss and accuracy; `steps` of the optimizer make an epoch."""
    one_unit = params.output == "sigmoid"
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
