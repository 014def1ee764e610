"""The output layer, its targets, and the losses that training minimizes."""

import numpy as np
import pytest

from convline.networks import output_layer
from convline.params.loading import validate
from convline.runtime import tensorflow_setup
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from convline.training.fit import compile_model
from tests.tiny_records import CPU

# By loss: the formula for a softmax, of one-hot y and p (n, classes), and for a sigmoid, of y and
# p (n,). Both return one loss per example (n,).
FORMULAS = {
    "crossentropy": (
        lambda y, p: -np.log((y * p).sum(1)),
        lambda y, p: -np.log(np.where(y, p, 1 - p)),
    ),
    "focal": (
        lambda y, p: -0.25 * (1 - (y * p).sum(1)) ** 2 * np.log((y * p).sum(1)),
        lambda y, p: -((1 - np.where(y, p, 1 - p)) ** 2) * np.log(np.where(y, p, 1 - p)),
    ),
    "mean_squared_error": (
        lambda y, p: ((y - p) ** 2).mean(1),
        lambda y, p: (y - p) ** 2,
    ),
    "hinge": (
        lambda y, p: np.maximum(0, 1 - (y * p).sum(1) + ((1 - y) * p).max(1)),
        lambda y, p: np.maximum(0, 1 - np.where(y, p, -p)),
    ),
}


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("loss", FORMULAS)
def test_training_minimizes_the_chosen_loss(default, loss, activation):
    default["train"] |= {
        "loss": loss,
        "output_activation": activation,
        "optimizer": "sgd",
        "learning_rate": 0.1,
    }
    params = validate(default, "test").train
    tensorflow_setup.set_up(1, "float32", **CPU)
    classes = 2 if activation == "sigmoid" else 3
    x = np.random.default_rng(1).normal(size=(12, 5)).astype(np.float32)
    labels = np.arange(12) % classes
    targets = output_layer.targets(labels, classes, params)
    model = keras.Sequential([keras.Input((5,)), output_layer.output_layer(classes, params)])
    compile_model(model, params, steps=1)

    def expected() -> float:
        p = model.predict(x, verbose=0).astype(np.float64)
        softmax, sigmoid = FORMULAS[loss]
        if activation == "sigmoid":
            return sigmoid(labels, p[:, 0]).mean()
        return softmax(np.eye(classes)[labels], p).mean()

    before = expected()
    assert model.evaluate(x, targets, verbose=0)[0] == pytest.approx(before, rel=1e-5)
    model.fit(x, targets, batch_size=12, epochs=5, verbose=0)
    assert model.evaluate(x, targets, verbose=0)[0] == pytest.approx(expected(), rel=1e-5)
    assert expected() < before - 1e-3


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_targets_have_the_shape_of_the_output(default, activation):
    default["train"]["output_activation"] = activation
    params = validate(default, "test").train
    targets = output_layer.targets(np.array([0, 1, 1]), 2, params).numpy()
    expected = [[0], [1], [1]] if activation == "sigmoid" else [[1, 0], [0, 1], [0, 1]]
    assert targets.tolist() == expected


def test_a_sigmoid_output_for_three_classes_is_an_error(default):
    default["train"]["output_activation"] = "sigmoid"
    params = validate(default, "test").train
    with pytest.raises(UserError, match="'sigmoid' needs 2 classes, got 3; use 'softmax'"):
        output_layer.output_layer(3, params)


@pytest.mark.parametrize("loss", ["crossentropy", "focal"])
def test_label_smoothing_spreads_a_part_of_the_target_over_all_classes(default, loss):
    default["train"] |= {"loss": loss, "label_smoothing": 0.1}
    loss_of = output_layer.loss(validate(default, "test").train)
    p = np.float32([[0.91] + [0.01] * 9])
    target = np.float32([[1] + [0] * 9])
    smooth = target * 0.9 + 0.1 / 10
    weights = 0.25 * (1 - p) ** 2 if loss == "focal" else 1
    expected = -(weights * smooth * np.log(p)).sum()
    assert float(loss_of(target, p)) == pytest.approx(expected, rel=1e-4)
