"""Exports of tiny classifiers: they say what Keras says, or they are left out."""

import re
import shutil
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from convline.cli import export
from convline.exporting import export_check, export_formats, portable_model
from convline.exporting.export_folder import FILES
from convline.networks.whole_classifier import build_classifier, with_extractor
from convline.params.loading import load_params
from convline.records.dataset import load_dataset
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import dtype_policy, keras
from convline.runtime.tensorflow_setup import tf
from convline.serving.loaded_classifier import Classifier, load_classifier
from tests.classifiers import scratch, transfer_head
from tests.commands import call
from tests.tiny_records import image, write_records

EXAMPLES = {"train": 12, "validation": 4, "test": 24}
SIZES = [(9, 14), (16, 12), (40, 31), (1, 1)]


@pytest.fixture
def run_export(monkeypatch):
    """The command, in this process; of what it prints, `capsys` knows."""

    def run(*arguments):
        monkeypatch.setattr(export_check, "RUNS", 1)
        monkeypatch.setattr(export_check, "SECONDS", 0.0)
        call(export.main, *arguments)
        return pd.read_csv("exports/table.csv").set_index("format")

    return run


@pytest.fixture
def make(workspace, set_params):
    """A run's data and its classifier, with the same images as files and as records."""

    def both(color_mode="grayscale", interpolation="bilinear", backbone=None):
        values = {"image_size": [16, 12], "color_mode": color_mode, "interpolation": interpolation}
        set_params(**{f"preprocess.{name}": value for name, value in values.items()})
        set_params(**{"extract.weights": "none", "extract.image_size": [32, 32]})
        shape = [16, 12, 1 if color_mode == "grayscale" else 3]
        write_records(shape, **EXAMPLES)
        for i in range(EXAMPLES["test"]):
            file = paths.ORGANIZED / "test" / str(i % 2) / f"{i}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image("test", i, shape).squeeze()).save(file)
        if backbone:
            set_params(**{"extract.backbone": backbone})
        params = load_params()
        keras.utils.set_random_seed(1)
        model = transfer_head(head((512,))) if backbone else scratch(cnn(shape))
        model = with_extractor(model, params.extract, shape, params.seed)
        build_classifier(model, params.preprocess).save(paths.CLASSIFIER)

    return both


def cnn(shape):
    """Sure of bright and dark, as if it were trained."""
    inputs = keras.Input(shape, name="image")
    x = keras.layers.Rescaling(1 / 255, dtype="float32")(inputs)
    # Brighter images have greater features.
    kernel = keras.initializers.RandomUniform(0, 0.3, seed=1)
    x = keras.layers.Conv2D(4, 3, activation="relu", kernel_initializer=kernel)(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Dropout(0.5)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    outputs = keras.layers.Dense(2, "softmax")(x)
    model = keras.Model(inputs, outputs, name="scratch")
    dark, bright = model_features(model, shape)
    slope = (bright - dark) * 8 / np.square(bright - dark).sum()
    middle = (bright + dark) / 2 @ slope
    model.layers[-1].set_weights([np.stack([-slope, slope], 1), np.array([middle, -middle])])
    return model


def model_features(model, shape):
    features = keras.Model(model.input, model.layers[-2].output)
    images = np.stack([np.full(shape, 64, np.uint8), np.full(shape, 191, np.uint8)])
    return features.predict_on_batch(images)


def head(shape):
    inputs = keras.Input(shape, name="features")
    x = keras.layers.Dropout(0.5)(keras.layers.Flatten()(inputs))
    x = keras.layers.Dense(8, "relu")(x)
    outputs = keras.layers.Dense(1, "sigmoid")(x)
    return keras.Model(inputs, outputs, name="head")


def noise(height, width):
    rng = np.random.default_rng([height, width])
    return rng.integers(0, 256, (1, height, width, 3), np.uint8)


def test_all_formats_say_what_keras_says(make, run_export, capsys):
    make()
    table = run_export()
    assert table.index.tolist() == ["keras", "onnx", "litert", "litert-int8", "savedmodel"]
    assert (table["agreement"] == 1).all()
    assert (table["accuracy"] == 1).all()
    floats = table.drop("litert-int8")
    assert (floats["difference"] < 1e-5).all()
    assert table.loc["litert-int8", "difference"] < 0.1
    assert (table.loc[:, "megabytes":] > 0).all(axis=None)
    assert Path("exports/classes.txt").read_text() == "0\n1\n"
    readme = Path("exports/README.md").read_text()
    assert 'convert("L")' in readme
    assert "resize((12, 16), Image.Resampling.BILINEAR)" in readme
    names = {path.name for path in Path("exports").iterdir()}
    assert names == {*FILES.values(), "classes.txt", "README.md", "table.csv"}
    assert re.search(r"litert-int8 +16 x 12 x 1 +100\.00%", capsys.readouterr().out)


@pytest.mark.parametrize("interpolation", ["nearest", "bicubic", "lanczos"])
def test_onnx_and_savedmodel_resize_images_of_any_size(make, interpolation):
    make("rgb", interpolation)
    classifier = load_classifier()
    for name in ("onnx", "savedmodel"):
        path = Path(FILES[name])
        export_formats.write(name, classifier, path, 0)
        predict = export_formats.FORMATS[name].load(path, 1)
        for size in SIZES:
            expected = classifier.model.predict_on_batch(noise(*size))
            assert predict(noise(*size)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["litert", "onnx"])
def test_a_backbone_with_its_own_resizing_is_inside(make, name):
    make("rgb", backbone="vgg16")
    classifier = load_classifier()
    part = portable_model.after_resizing(classifier)
    images = np.concatenate([noise(16, 12), 255 - noise(16, 12)])
    expected = part.predict_on_batch(images)
    export_formats.write(name, classifier, Path(FILES[name]), 0)
    predict = export_formats.FORMATS[name].load(Path(FILES[name]), 1)
    # Dropout that is exported at work gives other figures at each call.
    for _ in range(2):
        assert predict(images) == pytest.approx(expected, abs=1e-4)


def test_savedmodel_never_trains(make):
    make("rgb", backbone="vgg16")
    classifier = load_classifier()
    export_formats.write("savedmodel", classifier, Path("savedmodel"), 0)
    predict = export_formats.FORMATS["savedmodel"].load(Path("savedmodel"), 1)
    expected = classifier.model.predict_on_batch(noise(40, 31))
    for _ in range(2):
        assert predict(noise(40, 31)) == pytest.approx(expected, abs=1e-4)


def test_a_model_in_bfloat16_is_exported_in_float32(make):
    make()
    with dtype_policy("mixed_bfloat16"):
        model = scratch(cnn([16, 12, 1]))
    classifier = Classifier(build_classifier(model, load_params().preprocess))
    records = export_check.as_records(portable_model.after_resizing(classifier), load_dataset())
    export_formats.write("litert", classifier, Path("bfloat16.tflite"), 0)
    predict = export_formats.FORMATS["litert"].load(Path("bfloat16.tflite"), 1)
    likeness = export_check.liken(predict, records, "litert")
    assert likeness.agreement == 1
    assert 0 < likeness.difference < 0.1


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("size", [(5, 40), (40, 5), (16, 12)])
def test_matrices_resize_as_keras_does(size, antialias):
    inputs = keras.Input((16, 12, 3))
    layer = keras.layers.Resizing(*size, antialias=antialias)
    model = keras.Model(inputs, layer(inputs))
    images = noise(16, 12).astype(np.float32)
    ours = portable_model.portable(model).predict_on_batch(images)
    assert ours == pytest.approx(model.predict_on_batch(images), abs=1e-3)


def test_int8_is_whole_numbers_inside(make, run_export):
    make()
    run_export("--formats", "litert-int8", "--calibration", "5")
    with pytest.warns(UserWarning, match="deprecated"):
        interpreter = tf.lite.Interpreter("exports/classifier-int8.tflite")
    kinds = [tensor["dtype"] for tensor in interpreter.get_tensor_details()]
    assert kinds.count(np.int8) > len(kinds) / 2
    assert interpreter.get_input_details()[0]["dtype"] == np.uint8
    assert interpreter.get_output_details()[0]["dtype"] == np.float32


def test_equal_classifiers_give_equal_int8(make):
    make()
    classifier = load_classifier()
    for name in ("one.tflite", "two.tflite"):
        keras.utils.clear_session()  # layers are numbered
        export_formats.write("litert-int8", classifier, Path(name), 5)
    assert Path("one.tflite").read_bytes() == Path("two.tflite").read_bytes()


def broken(kind):
    real = export_formats.FORMATS["litert"]

    def load(path, threads):
        predict = real.load(path, threads)
        swapped = {"other classes": lambda p: p[:, ::-1], "no numbers": lambda p: p * np.nan}
        return lambda images: swapped[kind](predict(images))

    return export_formats.Format(False, 0.99, real.convert, load)


@pytest.mark.parametrize("kind", ["other classes", "no numbers"])
def test_an_export_that_says_something_else_is_left_out(make, run_export, monkeypatch, kind):
    make()
    monkeypatch.setitem(export_formats.FORMATS, "litert", broken(kind))
    with pytest.raises(UserError, match=r"left out: litert: .* 0\.00% of the test images, not"):
        run_export("--formats", "litert", "savedmodel")
    names = {path.name for path in Path("exports").iterdir()}
    assert names == {"savedmodel", "classes.txt", "README.md", "table.csv"}


def test_where_nothing_stays_an_earlier_export_does(make, run_export, monkeypatch):
    make()
    run_export("--formats", "savedmodel")
    before = Path("exports/table.csv").read_bytes()
    monkeypatch.setitem(export_formats.FORMATS, "litert", broken("other classes"))
    with pytest.raises(UserError, match="litert: it says what Keras says of"):
        run_export("--formats", "litert")
    assert Path("exports/table.csv").read_bytes() == before


def test_what_cannot_be_converted_is_named(make, run_export, monkeypatch):
    make()

    def convert(*_):
        raise ValueError("no such operation\nand a page")

    one = export_formats.Format(False, 0.99, convert, export_formats.FORMATS["litert"].load)
    monkeypatch.setitem(export_formats.FORMATS, "litert", one)
    with pytest.raises(UserError) as caught:
        run_export("--formats", "litert")
    assert str(caught.value) == "litert: it cannot be converted (no such operation)"


def test_a_folder_of_other_things_is_not_replaced(make, run_export):
    make()
    Path("exports").mkdir()
    Path("exports/thesis.tex").touch()
    with pytest.raises(UserError, match=r"exports contains other files, such as thesis\.tex"):
        run_export()
    assert Path("exports/thesis.tex").exists()


def test_a_missing_package_is_named(make, run_export, monkeypatch):
    make()
    one = export_formats.Format(True, 0.99, lambda *_: None, lambda *_: None, ("no_such_package",))
    monkeypatch.setitem(export_formats.FORMATS, "onnx", one)
    with pytest.raises(UserError, match="'onnx' needs the package no_such_package; install it"):
        run_export("--formats", "onnx")


def test_a_missing_model_is_named(make, run_export):
    make()
    paths.CLASSIFIER.unlink()
    with pytest.raises(UserError, match=r"there is no models/classifier\.keras; run `dvc repro`"):
        run_export()
    assert not Path("exports").exists()


def test_a_foreign_model_is_refused(make, run_export):
    make()
    inputs = keras.Input((16, 12, 1))
    keras.Model(inputs, keras.layers.Flatten()(inputs)).save(paths.CLASSIFIER)
    with pytest.raises(UserError, match="does not contain its class names"):
        run_export()


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("data/organized", "data/organized/test holds 0 images and data/tfrecords 24"),
        ("data/tfrecords/test-00000-of-00001.tfrecord", "the test split is not in data/tfrecords"),
        ("data/tfrecords/train-00000-of-00001.tfrecord", "int8 is calibrated on the images of"),
    ],
)
def test_missing_images_are_named(make, run_export, gone, message):
    make()
    shutil.rmtree(gone) if Path(gone).is_dir() else Path(gone).unlink()
    with pytest.raises(UserError, match=message):
        run_export("--formats", "litert-int8")


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(run_export, workspace):
    (workspace / "file").write_text("mine")
    with pytest.raises(click.UsageError, match=f"cannot write to '{workspace}/file'"):
        run_export("-o", "file/exports")
