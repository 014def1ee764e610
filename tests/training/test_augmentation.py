"""Augmentation: one warp per image, compared with Keras's, on the host and on the device."""

import math

import numpy as np
import pytest

from convline.runtime.keras_backend import keras
from convline.runtime.tensorflow_setup import tf
from convline.training import augmentation_cpu
from convline.training.augmentation import Draws, draw, transforms
from convline.training.augmentation_gpu import Augment
from tests.augmentations import ALL, augmentation

# Keras's legacy warp, the one that the tutorials trained with, on scipy.
from keras.src.legacy.preprocessing.image import apply_affine_transform  # isort: skip

SEED = tf.constant([1, 2])


def on_host(images: np.ndarray, draws: Draws) -> np.ndarray:
    return augmentation_cpu.change(images, *(x.numpy() for x in draws))


def on_device(images: np.ndarray, draws: Draws) -> np.ndarray:
    return Augment(dtype="float32")({"image": images, **draws._asdict()}, training=True).numpy()


both = pytest.mark.parametrize("change", [on_host, on_device])


@both
@pytest.mark.parametrize("channels", [1, 3])
def test_a_warp_agrees_with_keras_legacy_warp(change, channels):
    image = np.random.default_rng(0).integers(0, 256, (32, 32, channels), np.uint8)
    angle, shear, tx, ty, zx, zy = 12.0, 9.0, 2.0, -3.0, 0.9, 1.2
    geometry = transforms(
        32,
        32,
        rotation=tf.constant([math.radians(angle)]),
        x_shift=tf.constant([tx]),
        y_shift=tf.constant([ty]),
        shear=tf.constant([math.radians(shear)]),
        x_zoom=tf.constant([zx]),
        y_zoom=tf.constant([zy]),
    )
    ours = change(image[np.newaxis], Draws(geometry, tf.zeros(1), tf.ones(1)))[0]
    theirs = apply_affine_transform(
        image.astype(np.float32),
        theta=angle,
        tx=tx,
        ty=ty,
        shear=shear,
        zx=zx,
        zy=zy,
        row_axis=0,
        col_axis=1,
        channel_axis=2,
    )
    difference = np.abs(ours - theirs)[1:-1, 1:-1]  # They treat the last half pixel differently.
    assert np.median(difference) < 1
    assert difference.mean() < 1.5


@pytest.mark.parametrize("compiled", ["eager", "function", "xla"])
@pytest.mark.parametrize("channels", [1, 3])
def test_host_and_device_agree_on_all_changes_together(channels, compiled):
    images = np.random.default_rng(0).integers(0, 256, (32, 24, 30, channels), np.uint8)
    draws = draw(32, 24, 30, augmentation(**ALL), SEED)
    augment = Augment(dtype="float32")
    if compiled != "eager":
        augment = tf.function(augment, jit_compile=compiled == "xla")
    device = augment({"image": tf.constant(images), **draws._asdict()}, training=True)
    assert device.dtype == tf.uint8
    host = on_host(images, draws)
    assert host.dtype == np.uint8
    difference = np.abs(host.astype(int) - device.numpy())
    assert difference.max() <= 2
    assert np.median(difference) == 0
    assert np.abs(host.astype(int) - images).mean() > 20  # Something was changed.


@both
@pytest.mark.parametrize("channels", [1, 3])
def test_a_flip_is_exact_and_happens_half_of_the_time(change, channels):
    images = np.random.default_rng(0).integers(0, 256, (64, 4, 5, channels), np.uint8)
    flipped = change(images, draw(64, 4, 5, augmentation(horizontal_flip=True), SEED))
    mirrored = [np.array_equal(f, i[:, ::-1]) for f, i in zip(flipped, images, strict=True)]
    same = [np.array_equal(f, i) for f, i in zip(flipped, images, strict=True)]
    assert sum(mirrored) + sum(same) == 64
    assert 20 < sum(mirrored) < 44


@both
def test_a_half_turn_of_a_rectangle_is_about_its_centre(change):
    image = np.random.default_rng(0).integers(0, 256, (6, 11, 3), np.uint8)
    none = dict.fromkeys(("x_shift", "y_shift", "shear"), tf.zeros(1))
    zooms = dict.fromkeys(("x_zoom", "y_zoom"), tf.ones(1))
    geometry = transforms(6, 11, rotation=tf.constant([math.pi]), **none, **zooms)
    turned = change(image[np.newaxis], Draws(geometry, tf.zeros(1), tf.ones(1)))[0]
    assert np.abs(turned.astype(int) - image[::-1, ::-1]).max() <= 1


@both
def test_brightness_adds_one_number_to_an_image(change):
    images = np.full((200, 4, 4, 3), 100, np.uint8)
    brighter = change(images, draw(200, 4, 4, augmentation(brightness_fraction=0.2), SEED))
    added = brighter[:, 0, 0, 0].astype(int) - 100
    assert (brighter == brighter[:, :1, :1, :1]).all()
    assert -51 <= added.min() < -40 < 40 < added.max() <= 51  # 51 is 0.2 * 255
    assert abs(added.mean()) < 8


@both
@pytest.mark.parametrize("channels", [1, 3])
def test_contrast_is_that_of_keras_for_the_factor_that_was_drawn(change, channels):
    images = np.random.default_rng(0).integers(60, 180, (50, 16, 16, channels), np.uint8)
    draws = draw(50, 16, 16, augmentation(contrast_fraction=0.3), SEED)
    layer = keras.layers.RandomContrast(0.3, value_range=(0, 255))
    factors = draws.contrast.numpy()
    for image, factor, ours in zip(images, factors, change(images, draws), strict=True):
        drawn = {"contrast_factor": np.float32([[[factor]]]), "should_apply": True}
        theirs = layer.transform_images(tf.constant(image[np.newaxis], tf.float32), drawn)
        assert np.abs(ours - theirs[0].numpy()).max() < 1.1
    assert min(factors) == pytest.approx(0.7, abs=0.05)
    assert max(factors) == pytest.approx(1.3, abs=0.05)


@both
def test_colours_stay_in_range(change):
    images = np.array([[[[0]], [[255]]]] * 50, np.uint8)
    params = augmentation(brightness_fraction=0.9, contrast_fraction=0.9)
    changed = change(images, draw(50, 2, 1, params, SEED))
    assert changed.dtype == np.uint8
    # Nothing wraps around: what was darker is never brighter.
    assert (changed[:, 0] <= changed[:, 1]).all()


def test_each_change_is_drawn_within_its_range():
    # Of 100 x 200 pixels: a shift of 0.1 is 10 rows or 20 columns.
    draws = draw(
        500, 100, 200, augmentation(width_shift_fraction=0.1, height_shift_fraction=0.1), SEED
    )
    assert np.allclose(draws.transforms[:, :, :2], np.eye(2))
    assert np.abs(draws.transforms[:, :, 2]).max(axis=0) == pytest.approx([20, 10], rel=0.05)
    assert not np.array_equal(draws.transforms[:, 0, 2], 2 * draws.transforms[:, 1, 2])
    zoomed = draw(500, 100, 200, augmentation(zoom_fraction=0.2), SEED).transforms.numpy()
    for axis in (0, 1):
        assert zoomed[:, axis, axis].min() == pytest.approx(0.8, abs=0.01)
        assert zoomed[:, axis, axis].max() == pytest.approx(1.2, abs=0.01)
    assert (draws.brightness.numpy() == 0).all()
    assert (draws.contrast.numpy() == 1).all()
