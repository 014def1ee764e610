"""Augmentation: one warp per image, against Keras's own; brightness and contrast."""

import math

import numpy as np
import pytest

from stages.common.augmentation import (
    augment_batches,
    random_transforms,
    recolor,
    transforms,
    warp,
)
from stages.common.backend import keras
from stages.common.runtime import tf
from stages.common.schema import Augmentation

# Keras's legacy warp, the one that the tutorials trained with, on scipy.
from keras.src.legacy.preprocessing.image import apply_affine_transform  # isort: skip


def test_warp_agrees_with_keras_legacy_warp():
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    angle, shear, tx, ty, zx, zy = 12.0, 9.0, 2.0, -3.0, 0.9, 1.2
    ours = warp(
        image[np.newaxis],
        transforms(
            32.0,
            32.0,
            rotation=tf.constant([math.radians(angle)]),
            x_shift=tf.constant([tx]),
            y_shift=tf.constant([ty]),
            shear=tf.constant([math.radians(shear)]),
            x_zoom=tf.constant([zx]),
            y_zoom=tf.constant([zy]),
        ),
    )[0].numpy()
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
    assert difference.mean() < 1


def test_a_flip_is_exact_and_happens_half_of_the_time():
    images = tf.constant(np.arange(64 * 4 * 5).reshape(64, 4, 5, 1) % 251, tf.uint8)
    params = augmentation(horizontal_flip=True)
    drawn = random_transforms(64, 4, 5, params, tf.constant([1, 2]))
    warped = warp(images, drawn).numpy()
    flipped = [np.array_equal(w, i[:, ::-1]) for w, i in zip(warped, images.numpy(), strict=True)]
    same = [np.array_equal(w, i) for w, i in zip(warped, images.numpy(), strict=True)]
    assert sum(flipped) + sum(same) == 64
    assert 20 < sum(flipped) < 44


def test_augmentation_differs_by_epoch_and_repeats_by_seed():
    images = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 1), dtype=np.uint8)
    batches = tf.data.Dataset.from_tensor_slices((images, np.arange(8))).batch(4)

    def epochs(seed):
        data = augment_batches(batches, augmentation(zoom=0.2, shear=20, brightness=0.2), seed)
        return [np.concatenate([x.numpy() for x, _ in data]) for _ in range(2)]

    first, second = epochs(1)
    assert not np.array_equal(first, second)
    assert np.array_equal(epochs(1), [first, second])
    assert not np.array_equal(epochs(2)[0], first)


def test_no_augmentation_leaves_the_batches_alone():
    batches = tf.data.Dataset.range(3)
    assert augment_batches(batches, augmentation(), 0) is batches


def test_brightness_adds_one_number_to_an_image():
    images = tf.fill([200, 4, 4, 3], tf.constant(100, tf.uint8))
    recolored = recolor(images, augmentation(brightness=0.2), tf.constant([1, 2])).numpy()
    added = recolored[:, 0, 0, 0].astype(int) - 100
    assert (recolored == recolored[:, :1, :1, :1]).all()
    assert -51 <= added.min() < -40 < 40 < added.max() <= 51  # 51 is 0.2 * 255
    assert abs(added.mean()) < 8


def test_contrast_is_that_of_keras_for_the_factor_that_was_drawn():
    images = np.random.default_rng(0).integers(60, 180, (50, 16, 16, 3)).astype(np.uint8)
    recolored = recolor(tf.constant(images), augmentation(contrast=0.3), tf.constant([1, 2]))
    layer = keras.layers.RandomContrast(0.3, value_range=(0, 255))
    factors = []
    for image, ours in zip(images, recolored.numpy(), strict=True):
        spread = image.astype(float) - image.mean(axis=(0, 1))
        factors.append((ours - image.mean(axis=(0, 1)))[spread != 0] @ spread[spread != 0])
        factors[-1] /= np.square(spread).sum()
        drawn = {"contrast_factor": np.float32([[[factors[-1]]]]), "should_apply": True}
        theirs = layer.transform_images(tf.constant(image[np.newaxis], tf.float32), drawn)
        assert np.abs(ours - theirs[0].numpy()).max() < 1.1
    assert min(factors) == pytest.approx(0.7, abs=0.05)
    assert max(factors) == pytest.approx(1.3, abs=0.05)


def test_colours_stay_in_range():
    images = tf.constant([[[[0]], [[255]]]] * 50, tf.uint8)
    params = augmentation(brightness=0.9, contrast=0.9)
    recolored = recolor(images, params, tf.constant([1, 2])).numpy()
    assert recolored.dtype == np.uint8
    # Nothing wraps around: what was darker is never brighter.
    assert (recolored[:, 0] <= recolored[:, 1]).all()


def augmentation(**changes) -> Augmentation:
    none = dict.fromkeys(Augmentation.model_fields, 0)
    flips = {"horizontal_flip": False, "vertical_flip": False}
    return Augmentation(**(none | flips | changes))
