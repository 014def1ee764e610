"""`convline predict`: files, folders and patterns, as text, CSV and JSON."""

import io
import json
import os
import shlex

import click
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from convline.cli import predict
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from convline.serving.loaded_classifier import load_classifier
from tests import commands
from tests.classifiers import scratch, write_classifier
from tests.commands import CONVLINE, REPOSITORY, environment, run_in

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


def test_names_are_printed_without_control_characters(served, capsys):
    photo = (served / "photos/dark.png").read_bytes()
    names = [os.fsdecode(b"photos/\x1b[31m\xff.png"), "photos/\x07.png"]
    for name, content in zip(names, (photo, b"no image"), strict=True):
        (served / name).write_bytes(content)
    with pytest.raises(SystemExit):
        call(*names)
    out, err = capsys.readouterr()
    assert out.startswith(r"photos/\x1b[31m\udcff.png  dark")
    assert err == "photos/\\x07.png: not an image\n"


def test_a_broken_file_is_reported_and_the_others_are_predicted(served, capsys):
    (served / "photos/broken.jpg").write_bytes(b"no image")
    with pytest.raises(SystemExit) as end:
        call("photos", "--json")
    assert end.value.code == "1 of 3 files cannot be decoded"
    out, err = capsys.readouterr()
    records = json.loads(out)
    assert [record.get("predicted") for record in records] == ["dark", "light", None]
    assert records[-1] == {"file": "photos/broken.jpg", "error": "not an image"}
    assert "photos/broken.jpg: not an image" in err


def test_a_folder_is_read_by_content_and_the_rest_is_counted_by_kind(served, capsys):
    register_heif_opener()  # so that Pillow can save HEIC
    dark = Image.new("RGB", (32, 32), (20, 30, 10))
    for name in ("a.avif", "b.jp2", "c.ppm", "d.ico", "e.heic", "f.tga", "g.qoi", "h.pcx"):
        dark.save(served / "photos" / name)
    (served / "photos/a.avif").rename(served / "photos/a.jpg")
    (served / "photos/c.ppm").rename(served / "photos/c")
    for name in ("x.svg", "y.svg", "z.dcm"):
        (served / "photos" / name).write_bytes(b"<svg/>")
    call("photos", "--csv", "-")
    out, err = capsys.readouterr()
    table = pd.read_csv(io.StringIO(out))
    assert len(table) == 10
    assert table.predicted.tolist().count("dark") == 9
    assert err.splitlines() == [
        "ignored: 2 .svg files: SVG drawings are not read; convert them to PNG",
        "ignored: 1 .dcm file: DICOM files are not read; convert them to 16-bit PNG, with pydicom",
        "ignored: 1 .txt file: not an image",
    ]


def test_files_of_version_control_are_not_counted(served, capsys):
    (served / "photos/.git").mkdir()
    (served / "photos/.git/HEAD").write_text("ref")
    (served / "photos/notes.txt").unlink()
    call("photos")
    assert capsys.readouterr().err == ""


def test_a_file_that_is_named_and_not_read_is_an_error(served, capsys):
    (served / "photos/x.svg").write_text("<svg/>")
    with pytest.raises(SystemExit, match="1 of 1 files cannot be decoded"):
        call("photos/x.svg")
    assert "photos/x.svg: SVG drawings are not read; convert them" in capsys.readouterr().err


@pytest.mark.parametrize(("bit_depth", "predicted"), [(16, "dark"), (12, "light")])
def test_the_bit_depth_is_stored_with_the_classifier(
    served, set_params, capsys, bit_depth, predicted
):
    set_params(**{"preprocess.bit_depth": bit_depth})
    write_classifier(CLASSES)
    set_params(**{"preprocess.bit_depth": 16})
    Image.fromarray(np.full((9, 9), 4000, np.uint16)).save("photos/deep.png")
    call("photos/deep.png")
    assert capsys.readouterr().out.split()[:2] == ["photos/deep.png", predicted]


def test_the_batch_size_does_not_change_probabilities(served):
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
        ("https://example.com/cat.jpg", "is an address; download the image"),
        ("nothing.jpg", "no file, folder or image matches 'nothing.jpg'"),
        ("empty", "no images found in 'empty'; supported formats: JPEG, PNG"),
        (
            "photos/*.txt",
            "no images found in 'photos/.*'; .*\n  ignored: 1 .txt file: not an",
        ),
    ],
)
def test_names_without_an_image_are_one_message(served, name, message):
    (served / "empty").mkdir()
    with pytest.raises(UserError, match=message):
        call(name)


def test_a_model_that_is_missing_or_foreign_is_one_message(served):
    paths.CLASSIFIER.rename("models/old.keras")
    with pytest.raises(UserError, match=r"there is no models/classifier.keras; run `dvc repro`"):
        call("photos")
    paths.CLASSIFIER.write_bytes(b"something else")
    with pytest.raises(UserError, match="is not a model that this project trained; run"):
        call("photos")
    inputs = keras.Input((4,))
    network = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    network.save(paths.CLASSIFIER)
    with pytest.raises(UserError, match="does not contain its class names: another version"):
        call("photos")
    scratch(network).save(paths.CLASSIFIER)
    with pytest.raises(UserError, match="takes images after preprocessing; use models/classifier"):
        call("photos")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--csv", "photos"], "File 'photos' is a directory"),
        (["--batch-size", "0"], "0 is not in the range x>=1"),
        (["--csv", "a.csv", "--json"], "--csv and --json cannot be used together; choose one"),
    ],
)
def test_invalid_options_are_refused_before_any_work(served, arguments, message):
    with pytest.raises(click.UsageError, match=message):
        call("photos", *arguments)


def test_a_closed_pipe_is_not_an_error(served):
    (served / "many").mkdir()
    data = (served / "photos/dark.png").read_bytes()
    for i in range(2000):
        (served / f"many/{i:040}.png").write_bytes(data)
    command = f"{shlex.join(CONVLINE)} predict many --csv - --batch-size 256 | head -1"
    variables = {**environment(), "PYTHONPATH": str(REPOSITORY)}
    result = run_in(served, ["bash", "-c", command], variables)
    assert result.stdout == "file,predicted,probability_dark,probability_light\n"
    assert "Broken" not in result.stderr


def call(*arguments):
    commands.call(predict.main, *arguments)


@pytest.fixture
def served(workspace):
    """A classifier of dark and light images, and images of both."""
    write_classifier(CLASSES)
    (workspace / "dvc.yaml").touch()
    (workspace / "photos/sub").mkdir(parents=True)
    Image.new("RGB", (40, 30), (20, 30, 10)).save(workspace / "photos/dark.png")
    Image.new("L", (13, 77), 240).save(workspace / "photos/sub/light.jpg")
    (workspace / "photos/notes.txt").write_text("not an image")
    (workspace / "photos/._dark.png").write_bytes(b"what a Mac leaves")
    return workspace
