"""The compiled update of an optimizer is Keras's own, in one pass over memory."""

import numpy as np
import pytest

from convline.params.loading import validate
from convline.runtime.keras_backend import keras
from convline.training import compiled_update
from convline.training.compiled_update import compile_update
from convline.training.optimizers import optimizer
from tests.classifiers import scratch

KINDS = [
    {"optimizer": "rmsprop", "momentum": 0.0},
    {"optimizer": "rmsprop", "momentum": 0.9},
    {"optimizer": "adam"},
    {"optimizer": "sgd", "momentum": 0.0},
    {"optimizer": "sgd", "momentum": 0.9},
    {"optimizer": "adam", "learning_rate_schedule": "cosine_decay"},
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
def test_the_compiled_update_is_keras_own_and_repeatable(default, monkeypatch, kind):
    default["train"] |= {"learning_rate": 0.001, "momentum": 0.0, **kind}
    params = validate(default, "test").train
    compiled, again = train(params), train(params)
    monkeypatch.setattr(compiled_update, "LARGE", np.inf)
    plain = train(params)
    for first, second, expected in zip(compiled, again, plain, strict=True):
        np.testing.assert_array_equal(first, second)
        np.testing.assert_allclose(first, expected, rtol=0, atol=2e-6)


def test_a_model_with_a_compiled_update_is_a_plain_file_of_keras(default, tmp_path):
    default["train"]["optimizer"] = "rmsprop"
    model = large_model()
    params = validate(default, "test").train
    model.compile(compile_update(optimizer(params, 1)), "mse")
    model.train_on_batch(np.zeros((8, 400)), np.zeros((8, 300)))
    scratch(model).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.optimizer) is keras.optimizers.RMSprop


def train(params) -> list[np.ndarray]:
    """Return the weights after 20 steps on the same random data."""
    random = np.random.default_rng(0)
    model = large_model()
    model.compile(compile_update(optimizer(params, 10)), "mse")
    x, y = random.standard_normal((20, 8, 400)), random.standard_normal((20, 8, 300))
    for inputs, targets in zip(x, y, strict=True):
        model.train_on_batch(inputs, targets)
    return model.get_weights()


def large_model() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input([400]), keras.layers.Dense(300)])
    assert model.count_params() > compiled_update.LARGE or np.inf == compiled_update.LARGE
    return model
