"""Keras, loaded on TensorFlow: the stages train there, whatever the user's environment says.

Import `keras` from here. A program that loaded Keras on another backend beforehand keeps that one,
and can build the networks without TensorFlow.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from convline.runtime.native_log import without_native_log

# Keras and TensorFlow Lite import them where they are installed, for arguments that no stage gives:
# 1.9 of 4.6 seconds.
NOT_FOR_KERAS = ("jax", "pandas", "sklearn")


@contextmanager
def _as_if_not_installed(*names: str) -> Iterator[None]:
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type] # None: an ImportError
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


if "keras" in sys.modules:
    import keras
else:
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with without_native_log(), _as_if_not_installed(*NOT_FOR_KERAS):
        import keras

__all__ = ["dtype_policy", "keras"]


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Build layers with this dtype policy, for example `mixed_bfloat16`; restore the old one."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
