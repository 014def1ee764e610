"""`convline submit`: a sample submission filled in, and sent by the real kaggle client."""

import io
import json
import os
import subprocess
import sys
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
from convline.submitting.sample_submission import find_sample
from convline.submitting.submission_columns import check_options, decide
from tests import commands
from tests.classifiers import transfer_head, write_classifier
from tests.commands import REPOSITORY, convline, environment, run_in
from tests.image_archives import pack
from tests.kaggle_server import START_UPLOAD, SUBMIT, serve

DATA = Path(os.environ.get("TEST_DATA_DIR", "no-such-folder")).resolve()
NO_ACCOUNT = {"KAGGLE_USERNAME": "", "KAGGLE_KEY": ""}
DOGS = [2, 3, 10, 12]  # of the images 1 to 12
TEST1 = {f"test1/{i}.png": 200 + i if i in DOGS else 20 + i for i in range(1, 13)}
ZEROS = "id,label\n" + "".join(f"{i},0\n" for i in range(1, 13))
HALVES = ZEROS.replace(",0", ",0.5")
THREE = ["bee", "cat", "dog"]


# The whole command, on archives of dogs-vs-cats's shape.


def test_the_sample_is_filled_in(competition, capsys):
    call()
    expected = [f"{i},{int(i in DOGS)}" for i in range(1, 13)]
    assert Path("submission.csv").read_text().splitlines() == ["id,label", *expected]
    out = capsys.readouterr().out
    assert "submission.csv: 12 rows, as in sampleSubmission.csv" in out
    assert "label: 1 where 'dog' is predicted, else 0, as the sample holds whole numbers" in out
    assert "    id,label\n    1,0\n    2,1\n    3,1\n    ..." in out
    assert "to     https://www.kaggle.com/competitions/dogs-vs-cats" in out
    assert f"named  convline {short_commit()}: scratch\n" in out
    assert out.endswith("nothing was sent; add --yes\n")
    assert not list(competition.glob(".partial-*"))


def test_probabilities_are_those_of_the_classifier(competition, capsys):
    archive(HALVES)
    call("--batch-size", "5")
    table = pd.read_csv("submission.csv")
    expected = [1 / (1 + np.exp(-(20 * shade / 255 - 10))) for shade in TEST1.values()]
    assert table["label"].tolist() == pytest.approx(expected, rel=1e-4)
    out = capsys.readouterr().out
    assert "label: the probability of 'dog', as the sample holds fractions" in out
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


def test_the_message_tells_of_changes(competition, capsys):
    paths.PARAMS.write_text(paths.PARAMS.read_text() + "# changed\n")
    call()
    assert f"convline {short_commit()} with changes: scratch" in capsys.readouterr().out


def test_columns_and_ids_stay_as_they_stand(competition):
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


def test_a_broken_image_stops_it(competition):
    archive(ZEROS, TEST1 | {"test1/5.png": b"no image"})
    with pytest.raises(UserError, match=r"test1/test1/5.png cannot be decoded \(not an image\)"):
        call()
    assert not list(competition.glob("*submission.csv"))


def test_a_missing_classifier_is_one_message(competition):
    paths.CLASSIFIER.unlink()
    with pytest.raises(UserError, match=r"there is no models/classifier.keras; run `dvc repro`"):
        call()


def test_data_that_is_missing_is_one_message(workspace):
    with pytest.raises(
        UserError, match=r"data/raw/source.json does not exist; run `dvc repro download`"
    ):
        call()


def test_an_archive_of_no_competition_is_written_and_sent_where_it_is_told(competition, capsys):
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
    assert "to     https://www.kaggle.com/competitions/cactus" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch-size", "0"], "0 is not in the range x>=1"),
        (["-o", "data"], "File 'data' is a directory"),
    ],
)
def test_arguments_that_cannot_be_are_one_message(competition, arguments, message):
    with pytest.raises(click.UsageError, match=message):
        call(*arguments)


def test_the_message_names_a_transfer_model(competition, set_params, capsys):
    set_params(**{"extract.weights": "none", "extract.image_size": [32, 32]})
    params = load_params()
    features = build_extractor(params.extract, [6, 5, 1], params.seed).output_shape[1:]
    inputs = keras.Input(features, name="features")
    outputs = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(inputs))
    head = keras.Model(inputs, outputs, name="head")
    model = with_extractor(transfer_head(head, ["cat", "dog"]), params.extract, [6, 5, 1], 0)
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


# Which sample, which images.


@pytest.mark.parametrize("top", ["data", "contest", "test_of_skill"])
def test_an_id_is_of_the_test_image_that_bears_its_name(tmp_path, top):
    files = {f"{top}/{part}/{i}.jpg": b"" for part in ("train", "test") for i in (1, 2)}
    sample = find(tmp_path, files | {f"{top}/sample_submission.csv": b"id,label\n2,0\n1,0\n"})
    assert sample.images == [f"{top}/test/2.jpg", f"{top}/test/1.jpg"]
    assert (sample.id_column, sample.others) == ("id", 0)


@pytest.mark.parametrize("key", ["7", "7.jpg", "images/7", "x/images/7.jpg"])
def test_ids_are_names_with_or_without_folder_and_ending(tmp_path, key):
    files = {"x/images/7.jpg": b"", "x/images/8.jpg": b"", "x/train.csv": b"id,label\n1,0\n"}
    sample = find(tmp_path, files | {"x/sample_submission_v2.csv": f"n,id\n0,{key}\n".encode()})
    assert (sample.images, sample.id_column, sample.others) == (["x/images/7.jpg"], "id", 1)


def test_a_sample_in_an_archive_of_its_own_or_on_disk(tmp_path):
    files = {"test/7.jpg": b"", "sample_submission.csv.zip": pack({"sample_submission.csv": ROW})}
    assert find(tmp_path, files).name == "sample_submission.csv/sample_submission.csv"
    mine = tmp_path / "mine.csv"
    mine.write_bytes(b"\xef\xbb\xbfid,p\n7,0.5\n")  # with Excel's mark at the start
    assert list(find(tmp_path, files, sample=str(mine)).table) == ["id", "p"]


def test_what_pandas_takes_for_nothing_stays_as_it_stands(tmp_path):
    files = {"test/NA.jpg": b"", "test/007.jpg": b"", "sample.csv": b"id,a\nNA,\n007,null\n"}
    sample = find(tmp_path, files)
    assert sample.images == ["test/NA.jpg", "test/007.jpg"]
    assert sample.table.to_numpy().tolist() == [["NA", ""], ["007", "null"]]


ROW = b"id,label\n7,0\n"


@pytest.mark.parametrize(
    ("files", "options", "message"),
    [
        ({"a.jpg": b""}, {}, r"holds no sample submission, and no \.csv at all"),
        ({"t.csv": ROW}, {}, r"holds no sample submission; name it with --sample. There are 't.c"),
        ({"t.csv": ROW}, {"sample": "u.csv"}, r"holds no 'u.csv', nor is it a file here; name it"),
        (
            {"sample_a.csv": ROW, "b/submission.csv": ROW},
            {},
            r"holds 2 sample submissions; choose: --sample sample_a.csv\n  sample_a.csv\n  b/subm",
        ),
        ({"sample.csv": b""}, {}, r"sample.csv cannot be read as a table"),
        ({"sample.csv": b"id\n7\n"}, {}, "no column beside the ids"),
        ({"sample.csv": b"id,p\n"}, {}, "has no rows"),
        ({"sample.csv": b"id,p\n7,0\n7,0\n"}, {}, "has no column of ids"),
        (
            {"sample.csv": b"id,p\n6,0\n7,0\n8,0\n9,0\n", "test/7.jpg": b""},
            {},
            r"3 of the 4 rows .* no image in the archive: id '6', '8', '9'; the images are 'test/7",
        ),
        (
            {"sample.csv": ROW, "test/a/7.jpg": b"", "test/b/7.jpg": b""},
            {},
            "id '7' may be any of 'test/a/7.jpg', 'test/b/7.jpg'; say in which folder",
        ),
        (
            {"sample.csv": ROW, "test/a/7.jpg": b""},
            {"folder": "c"},
            "has no image in a folder 'c'; there are 'test/a'",
        ),
    ],
)
def test_what_cannot_be_matched_is_one_message(tmp_path, files, options, message):
    with pytest.raises(UserError, match=message):
        find(tmp_path, files, **options)


def test_the_folder_of_the_images_can_be_told(tmp_path):
    files = {"sample.csv": ROW, "test/a/7.jpg": b"", "test/b/7.jpg": b""}
    assert find(tmp_path, files, folder="test/b").images == ["test/b/7.jpg"]


# What a column holds.


@pytest.mark.parametrize(
    ("sample", "classes", "options", "content", "cells"),
    [
        (["0", "0"], ["cat", "dog"], {}, "index", ["1", "0"]),
        (["0", "0"], ["cat", "dog"], {"positive": "cat"}, "index", ["0", "1"]),
        (["0.5"] * 2, ["cat", "dog"], {}, "probability", ["0.75", "0.125"]),
        (["0.5"] * 2, ["cat", "dog"], {"positive": "cat"}, "probability", ["0.25", "0.875"]),
        (["0"] * 2, ["cat", "dog"], {"values": "probability"}, "probability", ["0.75", "0.125"]),
        (["dog", "dog"], ["cat", "dog"], {}, "class", ["dog", "cat"]),
        (["?", ""], ["cat", "dog"], {"values": "class"}, "class", ["dog", "cat"]),
        (["0", "2"], THREE, {}, "index", ["2", "0"]),
        (["0", "1"], ["0", "1", "2"], {}, "class", ["2", "0"]),
        (["0.5"] * 2, THREE, {"values": "probability", "positive": "cat"}, "probability", None),
    ],
)
def test_one_column_holds_what_its_sample_holds(sample, classes, options, content, cells):
    form = tell({"label": sample}, classes, **options)
    p = {2: [[0.25, 0.75], [0.875, 0.125]], 3: [[0.125, 0.25, 0.625], [0.5, 0.25, 0.25]]}
    assert form.content == content
    assert form.fill(np.array(p[len(classes)], np.float32), 0) == {"label": cells or ["0.25"] * 2}


def test_a_column_per_class_adds_up_to_one_after_clipping():
    form = tell({"dog": [], "Bee": [], "c_a_t": []}, THREE)
    p = np.array([[1, 0, 0], [0.25, 0.25, 0.5]], np.float32)
    assert form.fill(p, 0) == {"dog": ["0", "0.5"], "Bee": ["1", "0.25"], "c_a_t": ["0", "0.25"]}
    clipped = pd.DataFrame(form.fill(p, 0.01)).astype(float)
    assert clipped.sum(axis=1).tolist() == pytest.approx([1, 1])
    assert clipped.iloc[0].tolist() == pytest.approx([0.01 / 1.01, 0.99 / 1.01, 0.01 / 1.01])


def test_probabilities_keep_all_digits_of_float32():
    form = tell({"p": ["0.5"]}, ["cat", "dog"])
    p = np.array([1 - 2**-24, 1.2345678e-9], np.float32)
    (cells,) = form.fill(np.stack([1 - p, p], axis=1), 0).values()
    assert np.array(cells, np.float32).tolist() == pytest.approx(p.tolist(), rel=1e-7)
    assert cells[0] != "1"


@pytest.mark.parametrize(
    ("columns", "classes", "options", "message"),
    [
        ({"a": ["?"]}, THREE, {}, r"a holds '\?' in the sample, and the classes are .*--values"),
        ({"a": ["1", "3"]}, THREE, {}, "a holds '1', '3' in the sample"),
        ({"a": ["0.5"]}, THREE, {}, "a holds '0.5' in the sample"),
        ({"a": [""]}, ["cat", "dog"], {}, "a holds '' in the sample"),
        ({"a": ["0"]}, THREE, {"values": "probability"}, "one class: --positive CLASS"),
        ({"a": ["0"]}, THREE, {"positive": "cow"}, "'cow' is no class; there are 'bee'"),
        ({"a": ["0"]}, THREE, {"positive": "cat"}, "--positive says nothing here"),
        ({"a": ["0"]}, ["cat", "dog"], {"clip": 0.01}, "--clip is for probabilities"),
        ({"a": ["0.5"]}, ["cat", "dog"], {"clip": 0.5}, "less than 0.5, got 0.5"),
        ({"a": ["0.5"]}, ["cat", "dog"], {"clip": -1.0}, "at least 0 .* got -1"),
        ({"cat": ["0"], "dog": ["0"], "bee": ["0"]}, THREE, {"clip": 0.4}, "less than 0.333333"),
        ({"cat": ["0"], "dog": ["0"]}, ["cat", "dog"], {"values": "index"}, "is for one column"),
        (
            {"cat": ["0"], "cow": ["0"]},
            THREE,
            {},
            r"columns that are no class: 'cow'; classes without a column: 'bee', 'dog'\)",
        ),
    ],
)
def test_a_form_that_cannot_be_told_is_one_message(columns, classes, options, message):
    with pytest.raises(UserError, match=message):
        tell(columns, classes, **options)


def tell(columns, classes, values=None, positive=None, clip=0.0):
    form = decide(pd.DataFrame(columns, dtype=str), classes, values, positive)
    check_options(form, clip, positive)
    return form


# Sending, by the real client.


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


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "it refuses this (400: Kaggle's own words)"),
        (401, "does not know you (401). Make a token at https://www.kaggle.com"),
        (403, "this account may not submit to it (403: Kaggle's own words). Open https://www.kagg"),
        (404, "nothing at https://www.kaggle.com/competitions/cactus"),
        (429, "too many requests (429)"),
    ],
)
def test_an_error_of_kaggle_is_one_message(kaggle, send, status, message):
    kaggle.error = (status, "Kaggle's own words")
    assert message in send()
    assert not kaggle.uploads


def test_a_file_that_kaggle_refuses_is_one_message(kaggle, send):
    kaggle.refusal = (400, "You have used your 5 submissions of today")
    assert "it refuses this (400: You have used your 5 submissions of today)" in send()
    assert kaggle.uploads


def test_an_upload_that_fails_is_one_message(kaggle, send):
    kaggle.storage = 412
    assert "the upload failed (its storage refuses the file). mine.csv is kept" in send()
    assert len(kaggle.asked) == 1


def test_no_credentials_is_one_message(send):
    assert "does not know you (401)" in send(NO_ACCOUNT)


def test_no_network_is_one_message(send):
    nobody = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    message = send(nobody)
    assert "Kaggle: it cannot be reached" in message
    assert "mine.csv is kept: run the same command again" in message


@pytest.fixture
def kaggle():
    with serve(b"") as server:
        yield server


@pytest.fixture
def send(kaggle, tmp_path):
    """Send a file, without a model; return what is printed as it fails."""

    def run(env=()):
        (tmp_path / "mine.csv").write_text("id,label\n1,0\n")
        code = (
            "from pathlib import Path; from convline.runtime.runner import run\n"
            "from convline.submitting.kaggle_upload import Submission\n"
            "run(Submission(Path('mine.csv'), 'cactus', 'convline abc: scratch').send)"
        )
        merged = environment() | kaggle.environment(tmp_path) | dict(env)
        variables = {name: value for name, value in merged.items() if value}
        variables["PYTHONPATH"] = str(REPOSITORY)
        result = run_in(tmp_path, [sys.executable, "-c", code], variables)
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        return result.stderr

    return run


# What the tests work on.

TEST1_IDS = range(1, 13)


def call(*arguments):
    commands.call(submit.main, *arguments)


def find(where, files, sample=None, folder=None):
    (where / "archive.zip").write_bytes(pack(files))
    return find_sample(where / "archive.zip", sample, folder)


def short_commit():
    return subprocess.check_output(["git", "rev-parse", "--short=7", "HEAD"], text=True).strip()


def picture(shade):
    if isinstance(shade, bytes):
        return shade
    buffer = io.BytesIO()
    Image.new("L", (9 + shade % 5, 13), shade).save(buffer, "PNG")
    return buffer.getvalue()


def archive(sample, test=TEST1):
    """dogs-vs-cats's shape; training images bear the names of test images, as some do."""
    train = {f"train/{i}.png": picture(127) for i in TEST1_IDS}
    # The order of the zip is not the sample's.
    shuffled = {name: picture(test[name]) for name in sorted(test)}
    files = {"train.zip": pack(train), "test1.zip": pack(shuffled)}
    content = pack(files | {"sampleSubmission.csv": sample})
    (paths.RAW / "dogs-vs-cats.zip").write_bytes(content)


def source(kind, name):
    content = {"kind": kind, "name": name, "file": "dogs-vs-cats.zip"}
    (paths.RAW / "source.json").write_text(json.dumps(content))


@pytest.fixture
def competition(workspace):
    """A classifier that takes dark images for cats and light ones for dogs; a commit; images."""
    write_classifier(["cat", "dog"])
    Path("dvc.yaml").touch()
    for git in (["init", "-q"], ["add", "dvc.yaml", "params.yaml"], ["commit", "-qm", "start"]):
        subprocess.check_call(["git", *git], env=environment())
    paths.RAW.mkdir()
    archive(ZEROS)
    source("kaggle_competition", "dogs-vs-cats")
    return workspace
