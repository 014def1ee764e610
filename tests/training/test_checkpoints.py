"""A training that is stopped after any epoch continues and ends with the same bytes."""

import json
import math
import shutil

import numpy as np
import pytest

from convline.networks.cnn import build_cnn
from convline.networks.head import build_head
from convline.networks.output_layer import targets
from convline.params.loading import validate
from convline.records.features import Features, feature_batches
from convline.runtime import paths, tensorflow_setup
from convline.runtime.keras_backend import keras
from convline.training import checkpoints, fit
from convline.training.checkpoints import FOLDER, checkpoint, forget_checkpoints
from convline.training.live_curves import live_curves
from tests.augmentations import ALL, augmentation
from tests.tiny_records import CPU, write_records

SHAPE = [8, 8, 1]
EPOCHS = 6
CURVES = ("loss", "accuracy")
KINDS = {
    "sgd": {"optimizer": "sgd", "momentum": 0.9, "learning_rate_schedule": "inverse_time_decay"},
    "adam": {"optimizer": "adam", "learning_rate_schedule": "cosine_decay", "learning_rate": 0.01},
    "plateau": {
        "optimizer": "rmsprop",
        "learning_rate_schedule": "reduce_on_plateau",
        "reduce_lr_patience": 1,
        "learning_rate": 0.1,
    },
    "stops early": {"early_stopping_patience": 2, "learning_rate": 1e-12},
    "normalized": {"batch_normalization": True, "class_weight": "balanced"},
}


class Stop(keras.callbacks.Callback):
    """Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


@pytest.fixture
def train(workspace, default, monkeypatch):
    """A function that trains a small CNN; returns all that its stage writes."""
    (workspace / ".dvc/tmp").mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(checkpoints, "SHARE", math.inf)
    dataset = write_records(SHAPE, train=26, validation=10)
    progress = fit.Progress

    def run(kind="sgd", stop=None, changes=ALL, **values):
        default["train"] |= {"epochs": EPOCHS, "batch_size": 4, "early_stopping_patience": EPOCHS}
        default["train"] |= {"dropout": 0.5, **KINDS[kind], **values}
        params = validate(default, "test")
        tensorflow_setup.set_up(params.seed, "float32", **CPU)
        model = build_cnn(params.train, SHAPE, 2)
        # In place of a callback that has no state.
        monkeypatch.setattr(fit, "Progress", progress if stop is None else lambda *_: Stop(stop))
        with live_curves("train") as curves:
            metrics = fit.fit_to_images(
                model,
                dataset,
                params.train,
                changes=augmentation(**changes),
                seed=params.seed,
                curves=curves,
                checkpoint=checkpoint("train", paths.TFRECORDS, params.seed, params.train),
            )
        files = [paths.metrics_folder("train") / f"plots/custom/{name}.json" for name in CURVES]
        states = [x.numpy() for x in [*model.variables, *model.optimizer.variables]]
        return metrics, [file.read_bytes() for file in files], states

    return run


def stop(train, epoch, *arguments, **values):
    with pytest.raises(KeyboardInterrupt):
        train(*arguments, stop=epoch, **values)


def assert_same(found, expected):
    assert found[:2] == expected[:2]
    assert len(found[2]) == len(expected[2])
    assert all(np.array_equal(a, b) for a, b in zip(found[2], expected[2], strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_a_stopped_training_ends_with_the_same_bytes(train, capsys, kind):
    expected = train(kind)
    forget_checkpoints("train")
    epochs = len(json.loads(expected[1][0])) // 2
    assert (epochs < EPOCHS) == (kind == "stops early")
    for epoch in (1, 2, epochs - 1):
        stop(train, epoch, kind)
        capsys.readouterr()
    assert_same(train(kind), expected)
    output = capsys.readouterr().out
    assert f"training continues after epoch {epochs - 1}, from .dvc/tmp/checkpoints/train" in output
    assert output.count("val_loss") == 2  # The last epoch, and the best one.


def test_other_params_start_at_the_first_epoch(train, capsys):
    expected = train(learning_rate=0.02)
    forget_checkpoints("train")
    stop(train, 3, learning_rate=0.03)
    capsys.readouterr()
    assert_same(train(learning_rate=0.02), expected)
    assert "is of other inputs: training starts at the first epoch" in capsys.readouterr().out


@pytest.mark.parametrize("damage", ["cut", "text", "missing"])
def test_a_damaged_checkpoint_is_named_and_not_used(train, capsys, damage):
    expected = train()
    forget_checkpoints("train")
    stop(train, 3)
    arrays = FOLDER / "train/arrays.npz"
    if damage == "cut":
        arrays.write_bytes(arrays.read_bytes()[:-100])
    elif damage == "text":
        (FOLDER / "train/state.json").write_text("{")
    else:
        state = json.loads((FOLDER / "train/state.json").read_text())
        (FOLDER / "train/state.json").write_text(json.dumps({**state, "best_weights": 99}))
    capsys.readouterr()
    assert_same(train(), expected)
    assert "is damaged: training starts at the first epoch" in capsys.readouterr().out


def test_the_head_continues_with_its_own_order_of_rows(workspace, default, monkeypatch):
    (workspace / ".dvc/tmp").mkdir(parents=True)
    monkeypatch.setattr(checkpoints, "SHARE", math.inf)
    default["train_head"] |= {"epochs": 5, "batch_size": 4, "optimizer": "rmsprop"}
    params = validate(default, "test")
    section, random = params.train_head, np.random.default_rng(0)
    rows = Features(random.random((30, 3)), random.integers(0, 2, 30), np.arange(30).astype(str))
    progress = fit.Progress

    def train(stop=None):
        tensorflow_setup.set_up(1, "float32", **CPU)
        model = build_head(section, (3,), 2)
        data, validation = (
            feature_batches(rows, 4, seed).map(lambda x, label: (x, targets(label, 2, section)))
            for seed in (1, None)
        )
        monkeypatch.setattr(fit, "Progress", progress if stop is None else lambda *_: Stop(stop))
        with live_curves("train_head") as curves:
            kept = checkpoint("train_head", workspace / "data", section)
            metrics = fit.fit(
                model, data, validation, section, images=[15, 15], curves=curves, checkpoint=kept
            )
        return metrics, [], [x.numpy() for x in [*model.variables, *model.optimizer.variables]]

    expected = train()
    forget_checkpoints("train_head")
    with pytest.raises(KeyboardInterrupt):
        train(stop=3)
    assert_same(train(), expected)


def test_training_goes_on_where_no_checkpoint_can_be_written(train, capsys):
    expected = train()
    forget_checkpoints("train")
    FOLDER.rmdir()
    FOLDER.write_text("a file in place of the folder")
    assert_same(train(), expected)
    assert "no checkpoint after epoch 1: cannot create the folder" in capsys.readouterr().out


def test_writing_takes_a_small_share_of_the_time(train, monkeypatch):
    monkeypatch.setattr(checkpoints, "SHARE", 1e-9)
    written = []
    write = checkpoints.Checkpoint._write
    monkeypatch.setattr(
        checkpoints.Checkpoint, "_write", lambda *x: written.append(x[1]) or write(*x)
    )
    train()
    assert written == [1]  # It shows what writing takes.


def test_there_are_no_checkpoints_outside_a_repository_and_after_a_stage(train, workspace):
    stop(train, 3)
    assert sorted(x.name for x in (FOLDER / "train").iterdir()) == ["arrays.npz", "state.json"]
    forget_checkpoints("train")
    assert not list(FOLDER.iterdir())
    shutil.rmtree(workspace / ".dvc")
    assert checkpoint("train", paths.TFRECORDS) is None
