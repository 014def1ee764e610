"""Optimizers and learning-rate schedules, all of them Keras's."""

from convline.params.schema import Fitting
from convline.runtime.keras_backend import keras


def optimizer(params: Fitting, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer with its schedule, as params name them.

    Args:
        params: the section of the stage.
        steps: of the optimizer in one epoch.
    """
    schedules = keras.optimizers.schedules
    rate: float | keras.optimizers.schedules.LearningRateSchedule = params.learning_rate
    if params.schedule == "inverse_time":
        # One decay step per optimizer step: learning_rate / (1 + decay_rate * step).
        rate = schedules.InverseTimeDecay(rate, 1, params.decay_rate)
    elif params.schedule == "cosine":
        rate = schedules.CosineDecay(rate, steps * params.epochs)
    if params.optimizer == "adam":
        return keras.optimizers.Adam(rate)
    kinds = {"sgd": keras.optimizers.SGD, "rmsprop": keras.optimizers.RMSprop}
    return kinds[params.optimizer](rate, momentum=params.momentum)


def schedule_callbacks(params: Fitting) -> list[keras.callbacks.Callback]:
    """What changes the learning rate between epochs: `plateau` does, the others by step."""
    if params.schedule != "plateau":
        return []
    return [
        keras.callbacks.ReduceLROnPlateau(
            "val_loss",
            mode="min",
            factor=params.plateau_factor,
            patience=params.plateau_patience,
            min_delta=0,  # Any better loss is better, as for early stopping.
        )
    ]
