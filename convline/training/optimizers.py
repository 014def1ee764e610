"""Optimizers and learning-rate schedules, all of them Keras's."""

from convline.params.schema import Training
from convline.runtime.keras_backend import keras


def optimizer(params: Training, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer with its schedule, as params name them.

    Args:
        params: the section of the stage.
        steps: of the optimizer in one epoch.
    """
    schedules = keras.optimizers.schedules
    rate: float | keras.optimizers.schedules.LearningRateSchedule = params.learning_rate
    if params.learning_rate_schedule == "inverse_time_decay":
        # One decay step per optimizer step: learning_rate / (1 + decay_rate * step).
        rate = schedules.InverseTimeDecay(rate, 1, params.decay_rate)
    elif params.learning_rate_schedule == "cosine_decay":
        rate = schedules.CosineDecay(rate, steps * params.epochs)
    if params.optimizer == "adam":
        return keras.optimizers.Adam(rate)
    kinds = {"sgd": keras.optimizers.SGD, "rmsprop": keras.optimizers.RMSprop}
    return kinds[params.optimizer](rate, momentum=params.momentum)


def schedule_callbacks(params: Training) -> list[keras.callbacks.Callback]:
    """What changes the learning rate between epochs: `plateau` does, the others by step."""
    if params.learning_rate_schedule != "reduce_on_plateau":
        return []
    return [
        keras.callbacks.ReduceLROnPlateau(
            "val_loss",
            mode="min",
            factor=params.reduce_lr_factor,
            patience=params.reduce_lr_patience,
            min_delta=0,  # Any better loss is better, as for early stopping.
        )
    ]
