"""Both training stages share optimizers, schedules, class weights and fitting."""

import json
import math

import numpy as np
import pytest
from dvclive import Live
from sklearn.utils.class_weight import compute_class_weight

from convline.networks import output_layer
from convline.networks.cnn import build_cnn
from convline.networks.head import build_head
from convline.params.loading import validate
from convline.params.schema import Params
from convline.runtime import paths, tensorflow_setup
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from convline.runtime.tensorflow_setup import tf
from convline.training import fit
from convline.training.batches import target_batches
from convline.training.live_curves import Curves, live_curves
from convline.training.optimizers import schedule_callbacks
from tests.tiny_records import CPU, write_records


def test_fit_steps_once_per_batch_and_restores_the_best_epoch(default, tiny_records):
    default["train"] |= {
        "epochs": 3,
        "batch_size": 4,
        "early_stopping_patience": 3,
        "learning_rate_schedule": "cosine_decay",
    }
    params = validate(default, "test")
    model, metrics = train_on(tiny_records, params)
    # 10 images in batches of 4: 3 steps an epoch. Keras takes 10 where the cardinality is unknown.
    assert int(model.optimizer.iterations) == 9
    # The schedule counts the same steps and ends with the last epoch.
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-12)
    curves = json.loads((paths.metrics_folder("train") / "plots/custom/loss.json").read_text())
    validation = [row["loss"] for row in curves if row["curve"] == "validation"]
    assert metrics["best"]["val_loss"] == pytest.approx(min(validation))
    assert metrics["best"]["epoch"] == validation.index(min(validation)) + 1
    batches = train_batches(tiny_records, params, "validation")
    assert model.evaluate(batches, verbose=0)[0] == pytest.approx(
        metrics["best"]["val_loss"], rel=1e-5
    )


@pytest.mark.parametrize("class_weight", ["none", "balanced"])
def test_many_steps_at_a_time_are_as_many_and_the_same(
    default, tmp_path, monkeypatch, class_weight
):
    monkeypatch.chdir(tmp_path)
    default["train"] |= {"epochs": 2, "batch_size": 4, "class_weight": class_weight}
    params = validate(default, "test")
    dataset = write_records([8, 8, 1], train=71, validation=5)
    found = []
    for steps in (fit.STEPS_PER_EXECUTION, 1):
        monkeypatch.setattr(fit, "STEPS_PER_EXECUTION", steps)
        model, metrics = train_on(dataset, params)
        assert int(model.optimizer.iterations) == 36  # 18 an epoch, 16 of them at a time
        found.append((model.get_weights(), metrics))
    (weights, metrics), (expected, expected_metrics) = found
    assert all(np.array_equal(a, b) for a, b in zip(weights, expected, strict=True))
    assert metrics == expected_metrics


def test_early_stopping_stops(default, tiny_records):
    default["train"] |= {"epochs": 50, "early_stopping_patience": 1, "learning_rate": 1.0}
    _, metrics = train_on(tiny_records, validate(default, "test"))
    curves = json.loads((paths.metrics_folder("train") / "plots/custom/loss.json").read_text())
    assert len(curves) / 2 == metrics["best"]["epoch"] + 1 < 50


@pytest.mark.parametrize("losses", [(math.nan, 1.0), (1.0, math.inf)])
def test_a_loss_that_is_not_finite_is_one_clear_message(losses, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    logs = dict(zip(("loss", "val_loss"), losses, strict=True))
    with Live("curves", dvcyaml=None, save_dvc_exp=False) as live:
        curves = Curves(live, "train")
        with pytest.raises(UserError, match=r"in epoch 1; lower train\.learning_rate"):
            curves.on_epoch_end(0, logs)


@pytest.mark.parametrize("schedule", ["constant", "inverse_time_decay", "cosine_decay"])
def test_other_schedules_need_no_callback(default, schedule):
    default["train"]["learning_rate_schedule"] = schedule
    assert schedule_callbacks(validate(default, "test").train) == []


def test_balanced_class_weights_are_those_of_scikit_learn():
    labels = np.repeat([0, 1, 2], [5, 20, 75])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    assert fit.class_weights([5, 20, 75]) == pytest.approx(dict(enumerate(expected)))


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_class_weights_weigh_the_loss_of_each_class(default, output, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    default["train"] |= {"output_activation": output, "learning_rate": 1e-9}
    losses = {}
    for kind in ("none", "balanced"):
        default["train"]["class_weight"] = kind
        params = validate(default, "test").train.model_copy(update={"epochs": 1})
        bias = [2.0] if output == "sigmoid" else [0.0, 2.0]
        probability = keras.layers.Dense(len(bias), output)
        model = keras.Sequential([keras.Input((1,)), probability])
        probability.set_weights([np.zeros((1, len(bias))), np.array(bias)])
        labels = np.repeat([0, 1], [1, 7])
        targets = output_layer.targets(labels, 2, params)
        data = tf.data.Dataset.from_tensor_slices((np.zeros((8, 1)), targets)).batch(3)
        with live_curves("train") as curves:
            metrics = fit.fit(model, data, data, params, images=[1, 7], curves=curves)
        losses[kind] = metrics["best"]["loss"], metrics["best"]["val_loss"]
    p = 1 / (1 + math.exp(-2))
    rare, common = -math.log(1 - p), -math.log(p)
    assert losses["none"] == pytest.approx([(rare + 7 * common) / 8] * 2, rel=1e-4)
    # Each class counts half in training; validation is as it is.
    balanced = [(rare + common) / 2, (rare + 7 * common) / 8]
    assert losses["balanced"] == pytest.approx(balanced, rel=1e-4)


def test_l2_adds_the_squares_of_all_kernels_and_nothing_else(default):
    default["train"]["l2"] = 0.01
    params = validate(default, "test").train
    model = build_cnn(params, [8, 8, 1], 10)
    kernels = [w.numpy() for w in model.trainable_weights if w.name == "kernel"]
    assert len(kernels) == 4  # Two convolutions, a hidden layer, the output.
    added = sum(float(x) for x in model.losses)
    assert added == pytest.approx(0.01 * sum(np.square(k).sum() for k in kernels), rel=1e-4)
    default["train_head"]["l2"] = 0.01
    head = build_head(validate(default, "test").train_head, (512,), 10)
    assert len(head.losses) == 2


@pytest.fixture
def tiny_records(tmp_path, monkeypatch):
    """10 training and 5 validation images, 8x8, grey, of 2 classes, in data/tfrecords."""
    monkeypatch.chdir(tmp_path)
    return write_records([8, 8, 1], train=10, validation=5)


def train_batches(dataset, params: Params, split: str):
    return target_batches(dataset, split, params.train)


def train_on(dataset, params: Params):
    tensorflow_setup.set_up(params.seed, "float32", **CPU)
    model = build_cnn(params.train, dataset.image_shape, len(dataset.classes))
    data = target_batches(dataset, "train", params.train, params.seed)
    validation = train_batches(dataset, params, "validation")
    images = dataset.class_counts("train")
    with live_curves("train") as curves:
        metrics = fit.fit(model, data, validation, params.train, images=images, curves=curves)
    return model, metrics
