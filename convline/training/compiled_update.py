"""Compile the update of an optimizer with XLA."""

from functools import cache

from convline.runtime.keras_backend import keras
from convline.runtime.native_log import without_native_log
from convline.runtime.tensorflow_setup import has_gpu, tf

# Smallest number of weights of a variable; to compile its update takes 0.1 s.
LARGE = 100_000


def compile_update(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Compile the optimizer's own update of large variables with XLA, on a CPU.

    Keras's formula as separate operations passes over memory once for each; compiled, it is one
    pass. A step of a head with 4.2 million weights took 28 ms of CPU time with RMSprop and 19
    compiled, 40 and 17 with Adam. The function replaces a method of the instance, so that a saved
    model contains Keras's optimizer and needs no code of this project.
    """
    if has_gpu():
        return optimizer
    _start_xla()
    plain = optimizer.update_step

    def update_step(gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        if variable.shape.num_elements() < LARGE:
            plain(gradient, variable, learning_rate)
            return

        # Variable and learning rate must be captured: as arguments, tracing fails.
        def update(gradient: tf.Tensor) -> None:
            plain(gradient, variable, learning_rate)

        tf.function(update, jit_compile=True, autograph=False)(gradient)

    optimizer.update_step = update_step
    return optimizer


@cache
def _start_xla() -> None:
    """Use XLA once, without the messages that it and its square root print then."""
    with without_native_log():
        tf.function(tf.sqrt, jit_compile=True, autograph=False)(tf.ones(()))
