"""Training batches: 8-bit images, with changes that differ per epoch and repeat by seed."""

import numpy as np
import pytest

from convline.runtime.tensorflow_setup import tf
from convline.training.augmentation_gpu import Augment
from convline.training.batches import target_batches, training_batches
from tests.augmentations import ALL, augmentation
from tests.tiny_records import write_records

SHAPE = [12, 10, 3]


@pytest.fixture
def batches(workspace, default_params):
    """Augmented batches of 10 images for a seed, on the host or on the device."""
    dataset = write_records(SHAPE, train=10)
    section = default_params.train.model_copy(update={"batch_size": 4})

    def make(seed=1, on_device=False, **changes):
        return training_batches(dataset, section, augmentation(**changes), seed, on_device)

    make.plain = target_batches(dataset, "train", section, 1)
    return make


def test_the_input_is_of_bytes_in_every_mode(batches):
    images = tf.TensorSpec([None, *SHAPE], tf.uint8)
    targets = tf.TensorSpec([None, 2], tf.float32)
    assert batches().element_spec == (images, targets)
    assert batches(**ALL).element_spec == (images, targets)
    assert batches(**ALL, on_device=True).element_spec == (
        {
            "image": images,
            "transforms": tf.TensorSpec([None, 2, 3], tf.float32),
            "brightness": tf.TensorSpec([None], tf.float32),
            "contrast": tf.TensorSpec([None], tf.float32),
        },
        targets,
    )


def test_each_batch_is_counted(batches):
    for data in (batches(), batches(**ALL), batches(**ALL, on_device=True)):
        assert data.cardinality() == 3
        assert data.options().autotune.enabled is False  # Its end would wait for the tuner.
        assert [len(targets) for _, targets in data] == [4, 4, 2]


def test_no_augmentation_leaves_the_batches_alone(batches):
    plain = list(batches.plain)
    for on_device in (False, True):
        for ours, expected in zip(batches(on_device=on_device), plain, strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(ours, expected, strict=True))


def test_the_device_is_sent_what_the_host_would_have_done(batches):
    host, device = batches(**ALL), batches(**ALL, on_device=True)
    augment = Augment(dtype="float32")
    for _ in range(2):
        for (changed, targets), (inputs, same_targets) in zip(host, device, strict=True):
            assert np.array_equal(targets, same_targets)
            ours = augment(inputs, training=True).numpy().astype(int)
            assert np.abs(ours - changed.numpy()).max() <= 2
            assert not np.array_equal(inputs["image"], changed)


def test_changes_differ_by_epoch_and_repeat_by_seed(batches):
    def epochs(seed):
        data = batches(seed, zoom_fraction=0.2, shear_degrees=20.0, brightness_fraction=0.2)
        return [np.concatenate([x.numpy() for x, _ in data]) for _ in range(2)]

    first, second = epochs(1)
    assert not np.array_equal(np.sort(first, axis=0), np.sort(second, axis=0))
    assert np.array_equal(epochs(1), [first, second])
    assert not np.array_equal(np.sort(epochs(2)[0], axis=0), np.sort(first, axis=0))
