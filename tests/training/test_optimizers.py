"""Optimizers and schedules are Keras's."""

import pytest

from convline.params.loading import validate
from convline.runtime.keras_backend import keras
from convline.training.optimizers import optimizer, schedule_callbacks


def test_inverse_time_is_the_decay_of_the_tutorial(default):
    default["train"] |= {
        "optimizer": "sgd",
        "learning_rate": 0.01,
        "momentum": 0.9,
        "learning_rate_schedule": "inverse_time_decay",
        "decay_rate": 0.01 / 50,
    }
    sgd = optimizer(validate(default, "test").train, 1)
    schedule = sgd._learning_rate
    assert float(schedule(5000)) == pytest.approx(0.01 / (1 + 5000 * 0.01 / 50))
    assert sgd.momentum == 0.9


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam"])
def test_each_optimizer_is_the_one_of_its_name(default, name):
    default["train"]["optimizer"] = name.lower()
    assert type(optimizer(validate(default, "test").train, 1)).__name__ == name


def test_cosine_falls_to_zero_in_the_last_epoch(default):
    default["train"] |= {
        "learning_rate_schedule": "cosine_decay",
        "epochs": 10,
        "learning_rate": 0.01,
    }
    schedule = optimizer(validate(default, "test").train, steps=7)._learning_rate
    rates = [float(schedule(step)) for step in (0, 35, 70)]
    assert rates == pytest.approx([0.01, 0.005, 0.0], abs=1e-9)


def test_plateau_lowers_the_learning_rate_when_the_loss_stays(default):
    default["train"] |= {
        "learning_rate_schedule": "reduce_on_plateau",
        "reduce_lr_factor": 0.5,
        "reduce_lr_patience": 2,
    }
    params = validate(default, "test").train
    (callback,) = schedule_callbacks(params)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer(params, 1), "mse")
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, loss in enumerate([2.0, 1.0, 1.0, 1.0, 1.0]):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        rates.append(float(model.optimizer.learning_rate))
    assert rates == pytest.approx([0.001, 0.001, 0.001, 0.0005, 0.0005])
