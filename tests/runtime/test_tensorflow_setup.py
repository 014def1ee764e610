"""A missing device is refused, and several devices compute the same result."""

import os
import subprocess
import sys

import numpy as np
import pytest

from convline.runtime import paths, tensorflow_setup
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from tests.commands import REPOSITORY


def test_a_gpu_is_refused_where_there_is_none():
    with pytest.raises(UserError, match="make setup EXTRA=gpu"):
        tensorflow_setup.set_up(0, "float32", device="gpu", gpus=1)


def test_several_gpus_are_refused_where_there_are_fewer():
    expected = r"runtime\.gpus is 2, but TensorFlow sees 0: .*make setup EXTRA=gpu"
    with pytest.raises(UserError, match=expected):
        tensorflow_setup.set_up(0, "float32", device="auto", gpus=2)


def test_mixed_float16_is_refused_without_a_gpu():
    with pytest.raises(UserError, match="mixed_float16 needs a GPU"):
        tensorflow_setup.set_up(0, "mixed_float16", device="auto", gpus=1)


@pytest.mark.slow
def test_two_devices_learn_what_one_learns(set_params):
    # What depends on how a batch is divided is off: the means of a batch, the numbers of dropout.
    changes = {
        "epochs": 2,
        "batch_size": 8,
        "batch_normalization": False,
        "final_conv_dropout": 0.0,
        "dropout": 0.0,
        "optimizer": "sgd",
        "learning_rate": 0.1,
    }
    set_params(**{f"train.{name}": value for name, value in changes.items()})
    one, two = (train_on(gpus) for gpus in (1, 2))
    assert one.pop("learnt") > 1e-3
    assert two.pop("learnt") > 1e-3
    assert one.keys() == two.keys()
    for name, weights in one.items():
        assert np.abs(weights - two[name]).max() < 1e-5
    loaded = keras.models.load_model(paths.SCRATCH_MODEL)
    for number, weights in enumerate(loaded.get_weights()):
        assert np.array_equal(weights, two[f"arr_{number}"])


def train_on(gpus: int) -> dict[str, np.ndarray]:
    command = [sys.executable, "-m", "tests.two_devices", str(gpus)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    with np.load("weights.npz") as file:
        return dict(file)
