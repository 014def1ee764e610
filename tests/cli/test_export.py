"""`convline export`: files that agree with Keras stay, others are left out."""

import re
import shutil
from functools import partial
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pytest

from convline.cli import export
from convline.exporting import export_check, export_formats
from convline.exporting.export_folder import FILES
from convline.records.dataset import load_dataset
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from convline.runtime.tensorflow_setup import tf
from tests.commands import call
from tests.exported_classifiers import write_run


@pytest.fixture
def make(workspace, set_params):
    """A function that writes a run's data and its classifier."""
    return partial(write_run, set_params)


@pytest.fixture
def run_export(monkeypatch):
    """Run the command in this process and return its table."""

    def run(*arguments):
        monkeypatch.setattr(export_check, "RUNS", 1)
        monkeypatch.setattr(export_check, "SECONDS", 0.0)
        call(export.main, *arguments)
        return pd.read_csv("exports/table.csv").set_index("format")

    return run


def test_all_formats_agree_with_keras(make, run_export, capsys):
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
    assert "by `np.minimum(pixels >> 8, 255)`: of their\n16 bits, 16 are significant" in readme
    assert "resize((12, 16), Image.Resampling.BILINEAR)" in readme
    names = {path.name for path in Path("exports").iterdir()}
    assert names == {*FILES.values(), "classes.txt", "README.md", "table.csv"}
    assert re.search(r"litert-int8 +16 x 12 x 1 +100\.00%", capsys.readouterr().out)


def test_int8_computes_with_integers(make, run_export):
    make()
    run_export("--formats", "litert-int8", "--calibration", "5")
    with pytest.warns(UserWarning, match="deprecated"):
        interpreter = tf.lite.Interpreter("exports/classifier-int8.tflite")
    kinds = [tensor["dtype"] for tensor in interpreter.get_tensor_details()]
    assert kinds.count(np.int8) > len(kinds) / 2
    assert interpreter.get_input_details()[0]["dtype"] == np.uint8
    assert interpreter.get_output_details()[0]["dtype"] == np.float32


def broken(kind):
    real = export_formats.FORMATS["litert"]

    def load(path, threads):
        predict = real.load(path, threads)
        swapped = {"other classes": lambda p: p[:, ::-1], "no numbers": lambda p: p * np.nan}
        return lambda images: swapped[kind](predict(images))

    return export_formats.Format(False, 0.99, real.convert, load)


@pytest.mark.parametrize("kind", ["other classes", "no numbers"])
def test_an_export_that_disagrees_with_keras_is_left_out(make, run_export, monkeypatch, kind):
    make()
    monkeypatch.setitem(export_formats.FORMATS, "litert", broken(kind))
    with pytest.raises(UserError, match=r"left out: litert: same class as Keras for 0\.00% of the"):
        run_export("--formats", "litert", "savedmodel")
    names = {path.name for path in Path("exports").iterdir()}
    assert names == {"savedmodel", "classes.txt", "README.md", "table.csv"}


def test_an_earlier_export_stays_if_all_formats_fail(make, run_export, monkeypatch):
    make()
    run_export("--formats", "savedmodel")
    before = Path("exports/table.csv").read_bytes()
    monkeypatch.setitem(export_formats.FORMATS, "litert", broken("other classes"))
    with pytest.raises(UserError, match="litert: same class as Keras for"):
        run_export("--formats", "litert")
    assert Path("exports/table.csv").read_bytes() == before


def test_a_failed_conversion_is_one_message(make, run_export, monkeypatch):
    make()

    def convert(*_):
        raise ValueError("no such operation\nand a page")

    one = export_formats.Format(False, 0.99, convert, export_formats.FORMATS["litert"].load)
    monkeypatch.setitem(export_formats.FORMATS, "litert", one)
    with pytest.raises(UserError) as caught:
        run_export("--formats", "litert")
    assert str(caught.value) == "litert: conversion failed (no such operation)"


def test_a_folder_with_other_files_is_not_replaced(make, run_export):
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
        ("data/organized", "data/organized/test contains 0 images and data/tfrecords 24"),
        (
            "data/tfrecords/test-00000-of-00001.tfrecord",
            "does not contain the test split",
        ),
        ("data/tfrecords/train-00000-of-00001.tfrecord", "int8 needs the training images in"),
    ],
)
def test_missing_images_are_named(make, run_export, gone, message):
    make()
    shutil.rmtree(gone) if Path(gone).is_dir() else Path(gone).unlink()
    with pytest.raises(UserError, match=message):
        run_export("--formats", "litert-int8")


def test_an_unwritable_folder_is_refused_before_any_work(run_export, workspace):
    (workspace / "file").write_text("mine")
    with pytest.raises(click.UsageError, match=f"cannot write to '{workspace}/file'"):
        run_export("-o", "file/exports")


def test_data_of_another_run_is_refused(make, run_export):
    make()
    dataset = load_dataset()
    dataset.classes.append("purple")
    dataset.save(paths.TFRECORDS)
    with pytest.raises(UserError, match="have different classes: they belong to different runs"):
        run_export()
