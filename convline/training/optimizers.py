"""Build Keras's optimizers and learning-rate schedules from params.yaml."""

from convline.params.schema import Training
from convline.runtime.keras_backend import keras


def optimizer(params: Training, steps: int) -> keras.optimizers.Optimizer:
    """Return the optimizer with its learning-rate schedule.

    Args:
        params: the section `train` or `train_head`.
        steps: training steps per epoch.
    """
    schedules = keras.optimizers.schedules
    rate: float | keras.optimizers.schedules.LearningRateSchedule = params.learning_rate
    if params.learning_rate_schedule == "inverse_time_decay":
        # Decays at every training step: learning_rate / (1 + decay_rate * step).
        rate = schedules.InverseTimeDecay(rate, 1, params.decay_rate)
    elif params.learning_rate_schedule == "cosine_decay":
        rate = schedules.CosineDecay(rate, steps * params.epochs)
    if params.optimizer == "adam":
        return keras.optimizers.Adam(rate)
    kinds = {"sgd": keras.optimizers.SGD, "rmsprop": keras.optimizers.RMSprop}
    return kinds[params.optimizer](rate, momentum=params.momentum)


def schedule_callbacks(params: Training) -> list[keras.callbacks.Callback]:
    """Return the callbacks that lower the learning rate between epochs (reduce_on_plateau)."""
    if params.learning_rate_schedule != "reduce_on_plateau":
        return []
    return [
        keras.callbacks.ReduceLROnPlateau(
            "val_loss",
            mode="min",
            factor=params.reduce_lr_factor,
            patience=params.reduce_lr_patience,
            min_delta=0,  # Any lower loss counts, as in early stopping.
        )
    ]
