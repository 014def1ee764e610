"""The CNN, its augmentation and the fitting that both training stages share."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from dvclive import Live
from ruamel.yaml import YAML

from stages import train, train_head
from stages.common import fitting, paths, runtime
from stages.common.augmentation import augment_batches, random_transforms, transforms, warp
from stages.common.command import UserError
from stages.common.dataset import Dataset, Split
from stages.common.params import validate
from stages.common.records import serialize
from stages.common.runtime import keras, tf
from stages.common.schema import Augmentation, Params

# Keras's legacy warp, the one that the tutorials trained with, on scipy.
from keras.src.legacy.preprocessing.image import apply_affine_transform  # isort: skip


def test_the_cnn_of_the_default_has_its_known_size(default_params):
    model = train.build_model(default_params.train, [8, 8, 1], 10)
    assert model.count_params() == 36_298
    assert model.output_shape == (None, 10)


@pytest.mark.parametrize(
    ("shape", "classes", "changes", "parameters"),
    [
        pytest.param(
            [32, 32, 1],
            10,
            {
                "filters": [6, 16],
                "kernel_size": 5,
                "padding": "valid",
                "dense_units": [120, 84],
                "batch_normalization": False,
            },
            61_706,
            id="LeNet-5",
        ),
        pytest.param(
            [32, 32, 3],
            10,
            {
                "filters": [16, 32, 64],
                "padding": "valid",
                "pool_size": [2, 2, 1],
                "dense_units": [],
                "batch_normalization": False,
            },
            33_834,
            id="cifar10-dropout",
        ),
        pytest.param(
            [224, 224, 3],
            2,
            {
                "filters": [32, 64, 128],
                "padding": "valid",
                "dense_units": [128],
                "batch_normalization": False,
                "output": "sigmoid",
                "loss": "binary_crossentropy",
            },
            11_169_089,
            id="chest-xray",
        ),
    ],
)
def test_published_networks_have_their_published_sizes(
    default, shape, classes, changes, parameters
):
    default["preprocess"]["image_size"] = shape[:2]
    default["train"] |= changes
    params = validate(default, "test")
    assert train.build_model(params.train, shape, classes).count_params() == parameters


def test_convs_per_block_and_activation_reach_the_network(default):
    default["train"] |= {"convs_per_block": 2, "activation": "leaky_relu"}
    model = train.build_model(validate(default, "test").train, [8, 8, 1], 10)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds.count("Conv2D") == 4
    activations = [layer for layer in model.layers if isinstance(layer, keras.layers.Activation)]
    assert {layer.activation.__name__ for layer in activations} == {"leaky_relu"}


def test_the_network_scales_pixels_itself(default_params):
    model = train.build_model(default_params.train, [8, 8, 1], 10)
    rescaling = next(x for x in model.layers if isinstance(x, keras.layers.Rescaling))
    white = rescaling(np.full((1, 8, 8, 1), 255, np.uint8))
    assert float(tf.reduce_max(white)) == pytest.approx(1)


def test_a_sigmoid_refuses_three_classes(default):
    default["train"] |= {"output": "sigmoid", "loss": "binary_crossentropy"}
    with pytest.raises(UserError, match="3"):
        train.build_model(validate(default, "test").train, [8, 8, 1], 3)


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_targets_have_the_shape_of_the_output(default, output):
    default["train"] |= {"output": output, "loss": "binary_crossentropy"}
    params = validate(default, "test").train
    targets = fitting.targets(np.array([0, 1, 1]), 2, params).numpy()
    expected = [[0], [1], [1]] if output == "sigmoid" else [[1, 0], [0, 1], [0, 1]]
    assert targets.tolist() == expected


def test_inverse_time_is_the_decay_of_the_tutorial(default):
    default["train"] |= {
        "optimizer": "sgd",
        "learning_rate": 0.01,
        "momentum": 0.9,
        "schedule": "inverse_time",
        "decay_rate": 0.01 / 50,
    }
    optimizer = fitting.optimizer(validate(default, "test").train)
    schedule = optimizer._learning_rate
    assert float(schedule(5000)) == pytest.approx(0.01 / (1 + 5000 * 0.01 / 50))
    assert optimizer.momentum == 0.9


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam"])
def test_each_optimizer_is_the_one_of_its_name(default, name):
    default["train"]["optimizer"] = name.lower()
    assert type(fitting.optimizer(validate(default, "test").train)).__name__ == name


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
        data = augment_batches(batches, augmentation(zoom=0.2, shear=20), seed)
        return [np.concatenate([x.numpy() for x, _ in data]) for _ in range(2)]

    first, second = epochs(1)
    assert not np.array_equal(first, second)
    assert np.array_equal(epochs(1), [first, second])
    assert not np.array_equal(epochs(2)[0], first)


def test_no_augmentation_leaves_the_batches_alone():
    batches = tf.data.Dataset.range(3)
    assert augment_batches(batches, augmentation(), 0) is batches


def test_fit_steps_once_per_batch_and_restores_the_best_epoch(default, tiny_records):
    default["train"] |= {"epochs": 3, "batch_size": 4, "patience": 3}
    params = validate(default, "test")
    model, metrics = train_on(tiny_records, params)
    # 10 images in batches of 4: 3 steps an epoch. Keras takes 10 where the cardinality is unknown.
    assert int(model.optimizer.iterations) == 9
    curves = json.loads((paths.metrics_folder("train") / "plots/custom/loss.json").read_text())
    validation = [row["loss"] for row in curves if row["curve"] == "validation"]
    assert metrics["best"]["val_loss"] == pytest.approx(min(validation))
    assert metrics["best"]["epoch"] == validation.index(min(validation)) + 1
    batches = train_batches(tiny_records, params, "validation")
    assert model.evaluate(batches, verbose=0)[0] == pytest.approx(
        metrics["best"]["val_loss"], rel=1e-5
    )


def test_early_stopping_stops(default, tiny_records):
    default["train"] |= {"epochs": 50, "patience": 1, "learning_rate": 1.0}
    _, metrics = train_on(tiny_records, validate(default, "test"))
    curves = json.loads((paths.metrics_folder("train") / "plots/custom/loss.json").read_text())
    assert len(curves) / 2 == metrics["best"]["epoch"] + 1 < 50


@pytest.mark.parametrize("losses", [(math.nan, 1.0), (1.0, math.inf)])
def test_a_loss_that_is_no_number_is_one_clear_message(losses, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    logs = dict(zip(("loss", "val_loss"), losses, strict=True))
    with Live("curves", dvcyaml=None, save_dvc_exp=False) as live:
        curves = fitting.Curves(live, "train")
        with pytest.raises(UserError, match=r"in epoch 1; lower train\.learning_rate"):
            curves.on_epoch_end(0, logs)


def test_models_are_saved_byte_for_byte_and_load_again(default_params, tmp_path):
    saved = []
    for name in ("a", "b"):
        keras.utils.clear_session()
        runtime.set_up(1, "cpu", "float32")
        model = train_head.build_model(default_params.train_head, (512,), 10)
        path = tmp_path / name / "head.keras"
        fitting.save(model, path)
        saved.append(path.read_bytes())
        assert list(path.parent.iterdir()) == [path]
    assert saved[0] == saved[1]
    loaded = keras.models.load_model(path)
    x = np.ones((2, 512), np.float32)
    assert np.array_equal(loaded(x), model(x))


def test_gpu_is_refused_where_there_is_none():
    with pytest.raises(UserError, match="make setup EXTRA=gpu"):
        runtime.set_up(0, "gpu", "float32")


def test_mixed_float16_is_refused_without_a_gpu():
    with pytest.raises(UserError, match="mixed_float16 needs a GPU"):
        runtime.set_up(0, "auto", "mixed_float16")


def test_the_head_of_the_tutorial_has_its_published_size(default):
    default["train_head"] |= {
        "dense_units": [512, 256],
        "dropout": [0.5, 0.2],
        "output": "sigmoid",
        "loss": "binary_crossentropy",
    }
    params = validate(default, "test").train_head
    model = train_head.build_model(params, (4, 4, 512), 2)
    assert model.count_params() == 4_326_401
    rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.5, 0.2]


@pytest.fixture
def default():
    return YAML(typ="safe").load(Path("presets/digits.yaml"))


@pytest.fixture
def default_params(default):
    return validate(default, "presets/digits.yaml")


@pytest.fixture
def tiny_records(tmp_path, monkeypatch):
    """10 training and 5 validation images, 8x8, grey, of 2 classes, in data/tfrecords."""
    monkeypatch.chdir(tmp_path)
    paths.TFRECORDS.mkdir(parents=True)
    random = np.random.default_rng(0)
    splits = {}
    for split, examples in {"train": 10, "validation": 5}.items():
        shard = f"{split}-00000-of-00001.tfrecord"
        with tf.io.TFRecordWriter(str(paths.TFRECORDS / shard)) as writer:
            for i in range(examples):
                image = random.integers(0, 128, (8, 8, 1), np.uint8) + 127 * (i % 2)
                writer.write(serialize(image.astype(np.uint8).tobytes(), i % 2, f"{i % 2}/{i}"))
        splits[split] = Split({shard: examples}, {"0": examples - examples // 2})
    return Dataset(["0", "1"], [8, 8, 1], "raw", splits)


def augmentation(**changes) -> Augmentation:
    zero = dict.fromkeys(("rotation", "width_shift", "height_shift", "shear", "zoom"), 0)
    flips = {"horizontal_flip": False, "vertical_flip": False}
    return Augmentation(**(zero | flips | changes))


def train_batches(dataset, params: Params, split: str):
    return train.read_targets(dataset, split, params.train)


def train_on(dataset, params: Params):
    runtime.set_up(params.seed, "cpu", "float32")
    model = train.build_model(params.train, dataset.image_shape, len(dataset.classes))
    train_data = train.read_targets(dataset, "train", params.train, params.seed)
    validation = train_batches(dataset, params, "validation")
    return model, fitting.fit(model, train_data, validation, params.train, "train")
