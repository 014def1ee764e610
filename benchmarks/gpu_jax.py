"""The networks on JAX: Keras's training step, compiled with `jax.jit`."""

from collections.abc import Callable
from typing import Any

import jax

VERSION = f"JAX {jax.__version__}"
NAME = jax.devices()[0].device_kind
HAS_GPU = jax.default_backend() == "gpu"


def trainer(model: Any, images: Any, targets: Any) -> Callable[[], Any]:
    """Return a training step on this batch; each call returns the mean of the losses so far.

    The steps donate the arrays of the model, so it cannot be called afterwards.
    """
    state = _values(
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )
    # The state is donated, so that new weights reuse the memory of the old ones.
    train_step = jax.jit(model.train_step, donate_argnums=0)

    def step() -> Any:
        nonlocal state
        logs, state = train_step(state, (images, targets))
        return logs["loss"]

    return step


def predictor(model: Any, images: Any) -> Callable[[], Any]:
    """Return a step that computes the outputs for these images."""
    state = _values(model.trainable_variables, model.non_trainable_variables)
    predict = jax.jit(lambda state, images: model.stateless_call(*state, images)[0])
    return lambda: predict(state, images)


def wait(result: Any) -> None:
    """Wait until `result` and everything sent before it is computed."""
    result.block_until_ready()


def _values(*groups: list[Any]) -> tuple[list[Any], ...]:
    return tuple([variable.value for variable in group] for group in groups)
