"""Load Keras on TensorFlow, regardless of KERAS_BACKEND in the user's environment.

Import `keras` from here. If the program has already loaded Keras on another backend, that backend
stays, and the networks can be built without TensorFlow.
"""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from convline.runtime.native_log import without_native_log

# Keras imports them if they are installed, for arguments that no stage passes (data frames, its
# scikit-learn wrappers). `import keras` takes 3.9 s of CPU time without them, 4.9 to 5.1 s without
# jax only, as users install it, and 5.3 to 6.2 s with all (2 runs each, TensorFlow 2.21). Keras has
# no setting for this, and lazy modules save nothing: `from sklearn.base import ...` loads them.
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


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Collect no garbage in the block, and never look at the objects that it leaves.

    The import makes 460,000 objects and no garbage. Looking for it takes about 1 s of CPU time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


if "keras" in sys.modules:
    import keras
else:
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with (
        without_native_log(),
        _as_if_not_installed(*NOT_FOR_KERAS),
        _without_garbage_collection(),
    ):
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
