"""Build Keras's optimizers and learning-rate schedules from params.yaml."""

from convline.params.schema import Training
from convline.runtime.keras_backend import keras
from convline.runtime.native_log import without_native_log
from convline.runtime.tensorflow_setup import has_gpu, tf

# Weights of a variable from which the compiled update pays for its compilation, 0.2 s.
LARGE = 100_000


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
        return with_compiled_update(keras.optimizers.Adam(rate))
    kinds = {"sgd": keras.optimizers.SGD, "rmsprop": keras.optimizers.RMSprop}
    return with_compiled_update(kinds[params.optimizer](rate, momentum=params.momentum))


def with_compiled_update(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Compile the optimizer's own update of large variables with XLA, on a CPU.

    Keras's formula as separate operations passes over memory once for each: up to half of the time
    of a training step of the head. Compiled, it is one pass. The function replaces a method of the
    instance, so that a saved model contains Keras's optimizer and needs no code of this project.
    """
    if has_gpu():
        return optimizer
    plain = optimizer.update_step
    with without_native_log():
        # XLA prints a message at its first use.
        tf.function(tf.identity, jit_compile=True)(tf.zeros(()))

    def update_step(gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        if variable.shape.num_elements() < LARGE:
            plain(gradient, variable, learning_rate)
            return

        # Variable and learning rate must be captured: as arguments, tracing fails.
        @tf.function(jit_compile=True, autograph=False)
        def compiled(gradient: tf.Tensor) -> None:
            plain(gradient, variable, learning_rate)

        compiled(gradient)

    optimizer.update_step = update_step
    return optimizer


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
