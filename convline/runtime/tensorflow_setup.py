"""Set up TensorFlow: deterministic, with the device and precision set in params.yaml.

Import `tf` from here, so that it is loaded without its start-up messages.
"""

import os
from contextlib import AbstractContextManager, nullcontext

from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from convline.runtime.machine import has_fast_bfloat16
from convline.runtime.native_log import without_native_log

with without_native_log():
    import tensorflow as tf

    tf.config.list_physical_devices()

__all__ = [
    "PREFETCH",
    "devices",
    "has_gpu",
    "policy_name",
    "replicas",
    "set_up",
    "tf",
    "threads",
    "without_tuner",
]

# Batches that are read ahead of training.
PREFETCH = 4
INSTALL_GPU = (
    "install TensorFlow's CUDA packages with `make setup EXTRA=gpu`, check `nvidia-smi`, "
    "or set runtime.device to 'auto' or 'cpu'"
)


def set_up(seed: int, precision: str, *, device: str, gpus: int) -> str:
    """Seed everything, choose the device, set Keras's policy; return its compute dtype.

    Args:
        seed: for Python, NumPy and TensorFlow.
        precision: `float32`, `mixed_bfloat16`, `mixed_float16`, or `auto`: bfloat16 where the
            hardware computes in it natively (elsewhere it is up to ten times slower).
        device: `auto`, `gpu` or `cpu`.
        gpus: number of GPUs to train on.

    Raises:
        UserError: there are fewer GPUs than requested, or `mixed_float16` has no GPU.
    """
    present = _choose_device(device)
    with without_native_log():
        # The first operation and the first reader of TFRecords print messages, too.
        tf.zeros(())
        list(tf.data.TFRecordDataset([os.devnull]))
    if gpus > max(1, len(present)):
        sees = f"TensorFlow sees {len(present)}"
        raise UserError(f"runtime.gpus is {gpus}, but {sees}: {INSTALL_GPU}")
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy(policy_name(precision))
    keras.utils.set_random_seed(seed)
    if present:
        # CPU kernels are always deterministic; without a GPU it would only make tf.data sequential.
        tf.config.experimental.enable_op_determinism()
    return keras.config.dtype_policy().compute_dtype


def policy_name(precision: str) -> str:
    """Return the name of Keras's dtype policy for a precision of params.yaml (see `set_up`).

    Raises:
        UserError: `mixed_float16` without a GPU.
    """
    gpus = tf.config.get_visible_devices("GPU")
    if precision == "mixed_float16" and not gpus:
        raise UserError("mixed_float16 needs a GPU (on a CPU it does not finish); " + INSTALL_GPU)
    if precision == "auto":
        return "mixed_bfloat16" if _native_bfloat16(gpus) else "float32"
    return precision


def devices() -> list[str]:
    """Return the names of the devices to compute on."""
    return [device.name for device in tf.config.list_logical_devices()]


def has_gpu() -> bool:
    """Return True if there is a GPU to compute on."""
    return bool(tf.config.get_visible_devices("GPU"))


def replicas(gpus: int) -> AbstractContextManager[object]:
    """Return the context in which to build and fit a model on `gpus` GPUs of this machine.

    Each GPU takes its part of a batch; batch normalization uses the statistics of each part.
    """
    if gpus == 1:
        return nullcontext()
    devices = [device.name for device in tf.config.list_logical_devices("GPU")[:gpus]]
    return tf.distribute.MirroredStrategy(devices).scope()


def threads() -> int:
    """Return the number of threads per operation, which determines the order of additions."""
    set_by_hand = tf.config.threading.get_intra_op_parallelism_threads()
    # macOS has no sched_getaffinity.
    usable = getattr(os, "sched_getaffinity", None)
    return set_by_hand or (len(usable(0)) if usable else os.cpu_count() or 1)


def without_tuner(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Return the dataset, and all that is made from it, without tf.data's tuner of parallel calls.

    The tuner sleeps for 10 ms, 20 ms, 40 ms and so on, and the end of an epoch often waits for it:
    one of 5.7 s then takes 10.2 s (TensorFlow 2.21). One call per thread is as fast.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def _choose_device(device: str) -> list[tf.config.PhysicalDevice]:
    gpus = tf.config.list_physical_devices("GPU")
    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
        return []
    # Without a GPU, TensorFlow would silently compute on the CPU.
    if device == "gpu" and not gpus:
        built = "" if tf.test.is_built_with_cuda() else " (this TensorFlow is built without CUDA)"
        raise UserError(f"runtime.device is 'gpu', but TensorFlow sees none{built}: {INSTALL_GPU}")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    return gpus


def _native_bfloat16(gpus: list[tf.config.PhysicalDevice]) -> bool:
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        return all(x.get("compute_capability", (0, 0)) >= (8, 0) for x in details)
    return has_fast_bfloat16()
