"""Fitting to images that are augmented on the host or, as on a GPU, on the device."""

import numpy as np
import pytest

from convline.networks.cnn import build_cnn
from convline.params.loading import validate
from convline.runtime import tensorflow_setup
from convline.runtime.keras_backend import keras
from convline.runtime.tensorflow_setup import tf
from convline.training import fit
from convline.training.augmentation import draw
from convline.training.augmentation_gpu import augmenting, unchanged
from convline.training.batches import target_batches
from convline.training.live_curves import live_curves
from tests.augmentations import ALL, augmentation
from tests.tiny_records import CPU, write_records

SHAPE = [8, 8, 1]


def test_images_are_changed_in_training_only():
    pixels = keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten()])
    model = augmenting(pixels)
    images = np.random.default_rng(0).integers(0, 256, (4, *SHAPE), np.uint8)
    drawn = draw(4, 8, 8, augmentation(**ALL), tf.constant([1, 2]))
    batch = {"image": tf.constant(images), **drawn._asdict()}
    assert np.array_equal(model(batch, training=False), images.reshape(4, -1))
    assert np.array_equal(model.predict_on_batch(batch), images.reshape(4, -1))
    assert np.abs(model(batch, training=True) - images.reshape(4, -1)).mean() > 20


def test_what_is_validated_is_not_changed(default_params):
    model = build_cnn(default_params.train, SHAPE, 2)
    images = np.random.default_rng(0).integers(0, 256, (4, *SHAPE), np.uint8)
    batch, targets = unchanged(tf.constant(images), tf.ones([4, 2]))
    assert np.array_equal(augmenting(model)(batch), model(images))
    assert np.array_equal(targets, np.ones([4, 2]))


def test_the_weights_are_those_of_the_model(default_params):
    model = build_cnn(default_params.train, SHAPE, 2)
    around = augmenting(model)
    assert around.name == model.name
    assert [id(x) for x in around.weights] == [id(x) for x in model.weights]


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_the_device_trains_the_model_that_it_was_given(run_fit, precision):
    model, before, metrics, validation = run_fit(has_gpu=True, precision=precision, **ALL)
    after = model.get_weights()
    assert all(not np.array_equal(a, b) for a, b in zip(after, before, strict=True))
    model.compile(loss="categorical_crossentropy")
    loss = model.evaluate(validation, verbose=0)
    assert loss == pytest.approx(metrics["best"]["val_loss"], rel=1e-4)


def test_host_and_device_train_the_same_model(run_fit):
    # Flips, which both do to the very bit.
    models = [run_fit(has_gpu, horizontal_flip=True)[0] for has_gpu in (False, True)]
    for host, device in zip(*(model.get_weights() for model in models), strict=True):
        assert np.abs(host - device).max() < 1e-5


@pytest.mark.parametrize(
    ("has_gpu", "changes", "on_device"), [(True, ALL, True), (True, {}, False), (False, ALL, False)]
)
def test_the_device_augments_where_there_is_one_and_something_to_do(
    run_fit, monkeypatch, has_gpu, changes, on_device
):
    fitted = []
    monkeypatch.setattr(fit, "fit", lambda model, *_, **__: fitted.append(model))
    model, *_ = run_fit(has_gpu, **changes)
    (trained,) = fitted
    assert (trained is not model) == on_device
    assert isinstance(trained.input, dict) == on_device


@pytest.fixture
def run_fit(workspace, default, monkeypatch):
    """Fit a small CNN; returns it, its weights before, the metrics and the validation data."""
    dataset = write_records(SHAPE, train=10, validation=5)
    default["train"] |= {"epochs": 2, "batch_size": 4, "dropout": 0.0, "final_conv_dropout": 0.0}
    section = validate(default, "test").train

    def run(has_gpu, precision="float32", **changes):
        monkeypatch.setattr(fit, "has_gpu", lambda: has_gpu)
        keras.utils.clear_session()
        tensorflow_setup.set_up(1, precision, **CPU)
        model = build_cnn(section, SHAPE, 2)
        before = model.get_weights()
        with live_curves("train") as curves:
            metrics = fit.fit_to_images(
                model,
                dataset,
                section,
                changes=augmentation(**changes),
                seed=1,
                curves=curves,
            )
        return model, before, metrics, target_batches(dataset, "validation", section)

    yield run
    tensorflow_setup.set_up(0, "float32", **CPU)
