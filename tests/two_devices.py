"""Train a CNN on the given number of devices: `python -m tests.two_devices 2`.

Reads   params.yaml
Writes  models/scratch.keras, weights.npz

The devices are those that TensorFlow makes of one CPU, passed off as GPUs; they have to be made
before TensorFlow's first operation, in a process of their own.
"""

import sys

import numpy as np

from convline.networks.cnn import build_cnn
from convline.params.loading import load_params
from convline.runtime import paths, tensorflow_setup
from convline.runtime.keras_backend import keras
from convline.runtime.tensorflow_setup import tf
from convline.training import fit
from convline.training.live_curves import live_curves
from tests.classifiers import scratch


def main() -> None:
    gpus = int(sys.argv[1])
    pass_off_cpus_as_gpus()
    params = load_params()
    keras.utils.set_random_seed(params.seed)
    pixels = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), np.uint8)
    targets = np.eye(2, dtype=np.float32)[np.arange(20) % 2]
    data = tf.data.Dataset.from_tensor_slices((pixels, targets)).batch(8)
    with tensorflow_setup.replicas(gpus), live_curves("train") as curves:
        assert tf.distribute.get_strategy().num_replicas_in_sync == gpus
        model = build_cnn(params.train, [8, 8, 1], 2)
        before = model.get_weights()
        fit.fit(model, data, data, params.train, images=[10, 10], curves=curves)
    scratch(model).save(paths.SCRATCH_MODEL)
    changed = [new - old for new, old in zip(model.get_weights(), before, strict=True)]
    np.savez("weights.npz", *model.get_weights(), learnt=max(abs(x).max() for x in changed))


def pass_off_cpus_as_gpus() -> None:
    (cpu,) = tf.config.list_physical_devices("CPU")
    part = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(cpu, [part, part])
    devices = tf.config.list_logical_devices("CPU")
    tf.config.list_logical_devices = lambda kind: devices if kind == "GPU" else []


if __name__ == "__main__":
    main()
