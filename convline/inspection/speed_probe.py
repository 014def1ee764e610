"""Measure for half a second how fast this machine computes convolutions.

python -m convline.inspection.speed_probe DEVICE PRECISION

Waits for a line on stdin, because the import of TensorFlow takes longer than the measurement; then
writes the number of floating-point operations per second.
"""

import gc
import sys
import time

gc.disable()  # It takes a fifth of the import.
import tensorflow as tf  # noqa: E402

from convline.runtime.machine import has_fast_bfloat16  # noqa: E402

SIDE, CHANNELS, BATCH = 56, 128, 16  # as in VGG16's second block
OPERATIONS = 2 * 9 * CHANNELS * CHANNELS * SIDE * SIDE * BATCH  # of one call
SECONDS = 0.5


def main() -> None:
    device, precision = sys.argv[1:]
    gpus = tf.config.list_physical_devices("GPU")
    if device == "gpu" and not gpus:
        sys.exit("there is no GPU")
    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
    dtype = choose_dtype(precision, gpu=bool(gpus) and device != "cpu")
    images = tf.zeros((BATCH, SIDE, SIDE, CHANNELS), dtype)
    kernel = tf.zeros((3, 3, CHANNELS, CHANNELS), dtype)
    convolve = tf.function(lambda x: tf.reduce_max(tf.nn.conv2d(x, kernel, 1, "SAME")))
    convolve(images).numpy()
    sys.stdin.readline()
    calls = 0
    start = time.perf_counter()
    while (seconds := time.perf_counter() - start) < SECONDS:
        convolve(images).numpy()
        calls += 1
    print(calls * OPERATIONS / seconds, flush=True)


def choose_dtype(precision: str, *, gpu: bool) -> str:
    """Return the data type of convolutions; `auto` is bfloat16 on a GPU, as on recent ones."""
    if precision == "auto":
        return "bfloat16" if gpu or has_fast_bfloat16() else "float32"
    return precision.removeprefix("mixed_")


if __name__ == "__main__":
    main()
