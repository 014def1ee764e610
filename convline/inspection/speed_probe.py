"""Measure for a second how fast this machine computes convolutions.

python -m convline.inspection.speed_probe DEVICE PRECISION

Waits for a line on stdin, because the import of TensorFlow takes longer than the measurement; then
writes the number of floating-point operations per second.
"""

import sys
import time

import tensorflow as tf

from convline.runtime.native_log import without_native_log
from convline.runtime.tensorflow_setup import set_up

SIDE, CHANNELS, BATCH = 56, 128, 16  # as in VGG16's second block
OPERATIONS = 2 * 9 * CHANNELS * CHANNELS * SIDE * SIDE * BATCH  # of one call
SECONDS = 1.0


def main() -> None:
    with without_native_log():
        device, precision = sys.argv[1:]
        dtype = set_up(0, precision, device=device, gpus=1)
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
    print(calls * OPERATIONS / seconds)


if __name__ == "__main__":
    main()
