"""Saved models describe themselves, repeat byte for byte and load again."""

import json
import zipfile

import numpy as np
import pytest

from convline.networks.head import build_head
from convline.records.saved_models import Description, TrainedModel, load_model
from convline.runtime import tensorflow_setup
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from tests.tiny_records import CPU

CLASSES = ["Äpfel", 'a "b"', "10"]
DESCRIPTION = Description("transfer", "images", CLASSES, True, {"b": ["z", "y"], "a": ["x"]})


def small_network():
    inputs = keras.Input((4,))
    return keras.Model(inputs, keras.layers.Dense(3, name="output")(inputs), name="head")


def test_equal_models_are_equal_bytes_and_load_again(default_params, tmp_path):
    saved = []
    for name in ("a", "b"):
        keras.utils.clear_session()
        tensorflow_setup.set_up(1, "float32", **CPU)
        model = build_head(default_params.train_head, (512,), 10)
        path = tmp_path / name / "head.keras"
        TrainedModel(model, DESCRIPTION).save(path)
        saved.append(path.read_bytes())
        assert list(path.parent.iterdir()) == [path]
    assert saved[0] == saved[1]
    x = np.ones((2, 512), np.float32)
    # With the project's loader and with plain Keras.
    for loaded in (load_model(path).network, keras.models.load_model(path)):
        assert np.array_equal(loaded(x), model(x))


def test_the_description_is_in_the_file(tmp_path):
    TrainedModel(small_network(), DESCRIPTION).save(tmp_path / "model.keras")
    description = load_model(tmp_path / "model.keras").description
    assert description == DESCRIPTION
    assert list(description.convolutions) == ["b", "a"]


def test_a_model_written_before_the_bit_depth_was_stored_keeps_the_high_byte(tmp_path):
    path = tmp_path / "model.keras"
    TrainedModel(small_network(), DESCRIPTION).save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(members["metadata.json"])
    del metadata["convline"]["bit_depth"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (members | {"metadata.json": json.dumps(metadata)}).items():
            archive.writestr(name, content)
    assert load_model(path).description.bit_depth == 16


def test_a_missing_file_is_one_message(tmp_path):
    with pytest.raises(UserError, match=r"there is no .*/model\.keras; run `dvc repro`, or"):
        load_model(tmp_path / "model.keras")


def test_a_model_of_an_older_version_is_one_message(tmp_path):
    small_network().save(tmp_path / "model.keras")
    with pytest.raises(UserError, match=r"does not contain its class names: .*; run `dvc repro`"):
        load_model(tmp_path / "model.keras")


def test_another_file_is_one_message(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"something else")
    with pytest.raises(UserError, match="is not a model that this project trained; run"):
        load_model(tmp_path / "model.keras")
