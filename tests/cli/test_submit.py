"""`convline submit`: a sample submission filled in, and sent by the real kaggle client."""

import io
import json
import os
import subprocess
import zipfile
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from convline.cli import submit
from convline.networks.backbones import build_extractor
from convline.networks.whole_classifier import build_classifier, with_extractor
from convline.params.loading import load_params
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from tests import commands
from tests.classifiers import transfer_head, write_classifier
from tests.commands import convline, environment
from tests.image_archives import pack
from tests.kaggle_server import START_UPLOAD, SUBMIT, serve

DATA = Path(os.environ.get("TEST_DATA_DIR", "no-such-folder")).resolve()
NO_ACCOUNT = {"KAGGLE_USERNAME": "", "KAGGLE_KEY": ""}
DOGS = [2, 3, 10, 12]  # of the images 1 to 12
TEST1 = {f"test1/{i}.png": 200 + i if i in DOGS else 20 + i for i in range(1, 13)}
ZEROS = "id,label\n" + "".join(f"{i},0\n" for i in range(1, 13))
HALVES = ZEROS.replace(",0", ",0.5")
THREE = ["bee", "cat", "dog"]


def test_the_sample_is_filled_in(competition, capsys):
    call()
    expected = [f"{i},{int(i in DOGS)}" for i in range(1, 13)]
    assert Path("submission.csv").read_text().splitlines() == ["id,label", *expected]
    out = capsys.readouterr().out
    assert "submission.csv: 12 rows, as in sampleSubmission.csv" in out
    assert (
        "label: 1 if 'dog' is predicted, 0 otherwise, because the sample has whole numbers" in out
    )
    assert "    id,label\n    1,0\n    2,1\n    3,1\n    ..." in out
    assert "competition  https://www.kaggle.com/competitions/dogs-vs-cats" in out
    assert f"message      convline {short_commit()}: scratch\n" in out
    assert out.endswith("nothing was sent; add --yes\n")
    assert not list(competition.glob(".partial-*"))


def test_probabilities_are_those_of_the_classifier(competition, capsys):
    archive(HALVES)
    call("--batch-size", "5")
    table = pd.read_csv("submission.csv")
    expected = [1 / (1 + np.exp(-(20 * shade / 255 - 10))) for shade in TEST1.values()]
    assert table["label"].tolist() == pytest.approx(expected, rel=1e-4)
    out = capsys.readouterr().out
    assert "label: the probability of 'dog', because the sample has fractions" in out
    assert "not clipped; where log loss is scored, add --clip 0.005" in out


def test_probabilities_are_clipped(competition, capsys):
    call("--values", "probability", "--positive", "cat", "--clip", "0.05", "-o", "out/cats.csv")
    table = pd.read_csv("out/cats.csv")
    assert (table["label"].min(), table["label"].max()) == (0.05, 0.95)
    assert (table["label"] > 0.5).tolist() == [i not in DOGS for i in table["id"]]
    assert "clipped to 0.05 and 0.95" in capsys.readouterr().out


def test_params_name_the_positive_class(competition, set_params):
    set_params(**{"evaluate.positive_class": "cat"})
    call()
    assert pd.read_csv("submission.csv")["label"].tolist() == [
        int(i not in DOGS) for i in TEST1_IDS
    ]


def test_the_message_notes_changes(competition, capsys):
    paths.PARAMS.write_text(paths.PARAMS.read_text() + "# changed\n")
    call()
    assert f"convline {short_commit()} with changes: scratch" in capsys.readouterr().out


def test_columns_and_ids_stay_unchanged(competition):
    named = {f"test/{i:04}.png": shade for i, shade in enumerate(TEST1.values(), start=1)}
    rows = [f'cat,{i:04}.png,"of, 2"' for i in (7, 12, 3)]
    archive("\n".join(["label,file,note", *rows]) + "\n", named)
    with pytest.raises(UserError, match="the sample's columns are not the classes"):
        call()
    archive("\n".join(["Dog,file, cat ", "0,0012.png,1", "0,0007.png,1", "0,0003.png,1"]), named)
    call()
    lines = [line.split(",") for line in Path("submission.csv").read_text().splitlines()]
    assert lines[0] == ["Dog", "file", " cat "]
    assert [line[1] for line in lines[1:]] == ["0012.png", "0007.png", "0003.png"]
    assert [float(line[0]) > 0.5 for line in lines[1:]] == [True, False, True]
    assert [float(a) + float(b) for a, _, b in lines[1:]] == pytest.approx([1, 1, 1])


def test_a_broken_image_is_an_error(competition):
    archive(ZEROS, TEST1 | {"test1/5.png": b"no image"})
    with pytest.raises(UserError, match=r"test1/test1/5.png cannot be decoded \(not an image\)"):
        call()
    assert not list(competition.glob("*submission.csv"))


def test_a_missing_classifier_is_one_message(competition):
    paths.CLASSIFIER.unlink()
    with pytest.raises(UserError, match=r"there is no models/classifier.keras; run `dvc repro`"):
        call()


def test_missing_data_is_one_message(workspace):
    expected = r"data/raw/source\.json does not exist; run `dvc repro download`"
    with pytest.raises(UserError, match=expected):
        call()


def test_other_archives_need_the_name_of_a_competition(competition, capsys):
    source("archive", None)
    with pytest.raises(UserError, match=r"download.kind=archive; pass --competition NAME"):
        call("--yes")
    assert not Path("submission.csv").exists()
    call()
    assert Path("submission.csv").exists()
    assert (
        "nothing was sent: no competition given, and data/raw is from download.kind=archive"
        in capsys.readouterr().out
    )
    call("--competition", "cactus")
    assert "competition  https://www.kaggle.com/competitions/cactus" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch-size", "0"], "0 is not in the range x>=1"),
        (["-o", "data"], "File 'data' is a directory"),
    ],
)
def test_invalid_arguments_are_one_message(competition, arguments, message):
    with pytest.raises(click.UsageError, match=message):
        call(*arguments)


def test_the_message_names_a_transfer_model(competition, set_params, capsys):
    set_params(**{"extract.weights": "none", "extract.image_size": [32, 32]})
    params = load_params()
    image = [*params.preprocess.image_size, 1]
    features = build_extractor(params.extract, image, params.seed).output_shape[1:]
    inputs = keras.Input(features, name="features")
    outputs = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(inputs))
    head = keras.Model(inputs, outputs, name="head")
    model = with_extractor(transfer_head(head, ["cat", "dog"]), params.extract, image, 0)
    build_classifier(model, params.preprocess).save(paths.CLASSIFIER)
    call()
    assert f"convline {short_commit()} with changes: transfer\n" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="TEST_DATA_DIR names no folder of real images")
def test_the_real_archive_of_dogs_vs_cats(competition, capsys):
    paths.RAW.joinpath("dogs-vs-cats.zip").write_bytes((DATA / "dogs-vs-cats.zip").read_bytes())
    call()
    with zipfile.ZipFile(DATA / "dogs-vs-cats.zip") as real:
        sample = pd.read_csv(io.BytesIO(real.read("sampleSubmission.csv")))
    table = pd.read_csv("submission.csv")
    assert list(table) == list(sample) == ["id", "label"]
    assert table["id"].tolist() == sample["id"].tolist() == list(range(1, 21))
    assert set(table["label"]) <= {0, 1}
    out = capsys.readouterr().out
    assert "submission.csv: 20 rows, as in sampleSubmission.csv" in out
    assert "are in no row" not in out


def test_what_is_shown_is_what_arrives(competition, kaggle, tmp_path):
    result = convline(competition, "submit", "--yes", **kaggle.environment(tmp_path))
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith(
        "Kaggle: Successfully submitted to dogs-vs-cats\n"
        "its score: https://www.kaggle.com/competitions/dogs-vs-cats/submissions\n"
    )
    assert "secret-key" not in result.stdout + result.stderr
    file = Path("submission.csv").read_bytes()
    assert kaggle.uploads == {"http://localhost/upload/blob-1": file}
    (start, upload), (send, submission) = kaggle.asked
    assert start == f"http://localhost/api/v1/{START_UPLOAD}"
    assert (upload["competitionName"], upload["fileName"]) == ("dogs-vs-cats", "submission.csv")
    assert upload["contentLength"] == len(file)
    assert send == f"http://localhost/api/v1/{SUBMIT}"
    assert submission == {
        "competitionName": "dogs-vs-cats",
        "blobFileTokens": "blob-1",
        "submissionDescription": f"convline {short_commit()}: scratch",
    }


TEST1_IDS = range(1, 13)


def call(*arguments):
    commands.call(submit.main, *arguments)


def short_commit():
    return subprocess.check_output(["git", "rev-parse", "--short=7", "HEAD"], text=True).strip()


def picture(shade):
    if isinstance(shade, bytes):
        return shade
    buffer = io.BytesIO()
    Image.new("L", (9 + shade % 5, 13), shade).save(buffer, "PNG")
    return buffer.getvalue()


def archive(sample, test=TEST1):
    """Write an archive like that of dogs-vs-cats; its training and test images share names."""
    train = {f"train/{i}.png": picture(127) for i in TEST1_IDS}
    # The order of the zip is not the sample's.
    shuffled = {name: picture(test[name]) for name in sorted(test)}
    files = {"train.zip": pack(train), "test1.zip": pack(shuffled)}
    content = pack(files | {"sampleSubmission.csv": sample})
    (paths.RAW / "dogs-vs-cats.zip").write_bytes(content)


def source(kind, name):
    content = {"kind": kind, "name": name, "version": None, "file": "dogs-vs-cats.zip"}
    (paths.RAW / "source.json").write_text(json.dumps(content))


@pytest.fixture
def kaggle():
    with serve(b"") as server:
        yield server


@pytest.fixture
def competition(workspace):
    """A classifier that takes dark images for cats and light ones for dogs; a commit; images."""
    write_classifier(["cat", "dog"])
    Path("dvc.yaml").touch()
    for git in (["init", "-q"], ["add", "dvc.yaml", "params.yaml"], ["commit", "-qm", "start"]):
        subprocess.check_call(["git", *git], env=environment())
    paths.RAW.mkdir(parents=True)
    archive(ZEROS)
    source("kaggle_competition", "dogs-vs-cats")
    return workspace
