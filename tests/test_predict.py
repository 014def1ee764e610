"""`python -m tools.predict`: what images show, by the classifier that evaluate wrote."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from stages.common import paths
from stages.common.backend import keras
from stages.common.command import UserError
from stages.common.dataset import Dataset, Split
from stages.common.models import save
from stages.common.params import load_params
from stages.networks.classifier import build_classifier
from tests.commands import REPOSITORY, python
from tools import predict
from tools.serving.classifier import load_classifier

CLASSES = ["dark", "light"]


def test_each_file_gets_its_class(served, capsys):
    call("photos/dark.png", "photos/sub/light.jpg")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["photos/dark.png", "dark"],
        ["photos/sub/light.jpg", "light"],
    ]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("photos", ["photos/dark.png", "photos/sub/light.jpg"]),
        ("photos/*.png", ["photos/dark.png"]),
        ("photos/**/*.jpg", ["photos/sub/light.jpg"]),
        ("photos/dark.png", ["photos/dark.png"]),
    ],
)
def test_files_folders_and_patterns(served, capsys, name, found):
    call(name, "--csv", "-")
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert table["file"].tolist() == found


def test_the_table_holds_all_probabilities(served, capsys):
    call("photos", "photos/dark.png", "--csv", "out/predictions.csv")
    table = pd.read_csv("out/predictions.csv")
    assert list(table) == ["file", "predicted", "probability_dark", "probability_light"]
    assert len(table) == 2  # each file once
    assert table[["probability_dark", "probability_light"]].sum(axis=1).tolist() == [1, 1]
    assert table.predicted.tolist() == ["dark", "light"]


def test_a_broken_file_is_told_and_the_others_go_on(served, capsys):
    (served / "photos/broken.jpg").write_bytes(b"no image")
    with pytest.raises(SystemExit) as end:
        call("photos", "--json")
    assert end.value.code == "1 of 3 files cannot be decoded"
    out, err = capsys.readouterr()
    records = json.loads(out)
    assert [record.get("predicted") for record in records] == ["dark", "light", None]
    assert records[-1] == {"file": "photos/broken.jpg", "error": "not an image"}
    assert "photos/broken.jpg: not an image" in err


def test_batches_of_any_size_give_the_same(served):
    classifier = load_classifier()
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 90, (11, 2)).tolist()
    images = [rng.integers(0, 256, (h, w, 3), np.uint8) for h, w in sizes]
    one, four = (np.array([*classifier.predict(images, size)]) for size in (1, 4))
    assert one.shape == (11, 2)
    assert one == pytest.approx(four, abs=1e-6)
    assert one[3] == pytest.approx(classifier.model(images[3][np.newaxis]).numpy()[0], abs=1e-6)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("https://example.com/cat.jpg", "is an address, and nothing is fetched"),
        ("nothing.jpg", "there is no file, folder or match of 'nothing.jpg'"),
        ("empty", "the folder 'empty' holds no image"),
    ],
)
def test_names_that_mean_nothing_are_one_message(served, name, message):
    (served / "empty").mkdir()
    with pytest.raises(UserError, match=message):
        call(name)


def test_a_model_that_is_missing_or_foreign_is_one_message(served):
    paths.CLASSIFIER.rename("models/old.keras")
    with pytest.raises(UserError, match=r"there is no models/classifier.keras; run `dvc repro`"):
        call("photos")
    paths.CLASSIFIER.write_bytes(b"something else")
    with pytest.raises(UserError, match="is no classifier that `evaluate` wrote"):
        call("photos")
    inputs = keras.Input((4,))
    keras.Model(inputs, keras.layers.Dense(2)(inputs)).save(paths.CLASSIFIER)
    with pytest.raises(UserError, match="is no classifier that `evaluate` wrote"):
        call("photos")
    paths.CLASSIFIER.unlink()
    (served / "models/old.keras").rename(paths.CLASSIFIER)
    describe(["dark", "light", "purple"])
    with pytest.raises(UserError, match=r"tells 2 classes apart, and .* names 3"):
        call("photos")


def test_help_shows_how():
    assert (
        "python -m tools.predict photo.jpg" in python(REPOSITORY, "tools.predict", "--help").stdout
    )


def call(*arguments):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["predict", *arguments])
        predict.main()


def describe(classes):
    split = Split({}, dict.fromkeys(classes, 0))
    paths.TFRECORDS.mkdir(parents=True, exist_ok=True)
    Dataset(classes, [6, 5, 1], "raw", {"train": split}).save(paths.TFRECORDS)


@pytest.fixture
def served(workspace, set_params):
    """A classifier that tells light from dark, and images of both."""
    set_params(**{"preprocess.image_size": [6, 5]})
    inputs = keras.Input((6, 5, 1))
    mean = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(inputs))
    dense = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(inputs, dense(mean), name="scratch")
    dense.set_weights([np.array([[20.0]]), np.array([-10.0])])
    paths.CLASSIFIER.parent.mkdir()
    params = load_params()
    save(build_classifier(model, params.preprocess, None, params.seed), paths.CLASSIFIER)
    describe(CLASSES)
    (workspace / "photos/sub").mkdir(parents=True)
    Image.new("RGB", (40, 30), (20, 30, 10)).save(workspace / "photos/dark.png")
    Image.new("L", (13, 77), 240).save(workspace / "photos/sub/light.jpg")
    (workspace / "photos/notes.txt").write_text("not an image")
    (workspace / "photos/._dark.png").write_bytes(b"what a Mac leaves")
    return workspace
