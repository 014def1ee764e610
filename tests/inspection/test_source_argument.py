"""What the argument SOURCE means."""

import os
from pathlib import Path

import pytest

from convline.inspection.source_argument import download_params, is_here, open_source
from convline.params.loading import parse_params
from convline.params.presets import change_default
from convline.runtime.errors import UserError
from convline.sources import digits
from tests.inspection.plans import photo


@pytest.mark.parametrize(
    ("source", "kind", "name", "path"),
    [
        ("digits", "digits", None, None),
        ("./digits", "archive", None, "/home/u/digits"),
        ("photos.zip", "archive", None, "/home/u/photos.zip"),
        ("/tmp/my photos", "archive", None, "/tmp/my photos"),
        ("keras:cifar10", "keras", "cifar10", None),
        ("kaggle:dogs-vs-cats", "kaggle_competition", "dogs-vs-cats", None),
        ("kaggle:owner/name", "kaggle_dataset", "owner/name", None),
        ("kaggle:owner/name/2", "kaggle_dataset", "owner/name/2", None),
        ("C:/photos", "archive", None, "/home/u/C:/photos"),
    ],
)
def test_a_source_is_a_path_or_a_name(source, kind, name, path):
    found = download_params(source, Path("/home/u"))
    assert found == {"kind": kind, "name": name, "path": path}


def test_a_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert download_params("~/a.zip", Path("/x"))["path"] == "/home/me/a.zip"


def test_an_empty_source_is_refused():
    with pytest.raises(UserError, match="the source is empty; expected a path, digits"):
        download_params(" ", Path())


def test_a_folder_is_read_in_place(tmp_path):
    (tmp_path / "own/cat").mkdir(parents=True)
    (tmp_path / "own/cat/1.png").write_bytes(photo(1))
    download = section(download_params("own", tmp_path))
    assert is_here(download)
    with open_source(download) as archive:
        assert archive == tmp_path / "own"


def test_a_download_is_removed_and_that_of_the_pipeline_is_not(tmp_path):
    download = section(download_params("digits", tmp_path))
    assert not is_here(download)
    with open_source(download) as archive:
        assert archive.name == "digits.zip"
    assert not any(Path("data").iterdir())
    raw = Path("data/raw")
    raw.mkdir()
    digits.fetch(download, raw)
    facts = '{"kind": "digits", "name": "digits", "version": null, "file": "digits.zip"}'
    (raw / "source.json").write_text(facts)
    assert is_here(download)
    with open_source(download) as archive:
        assert archive == raw / "digits.zip"
    assert not is_here(section(download_params("keras:mnist", tmp_path)))
    assert archive.exists()


@pytest.mark.parametrize("name", ["nothing.zip", "pipe"])
def test_what_cannot_be_read_is_refused(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    with (
        pytest.raises(UserError, match=r"download\.path"),
        open_source(section(download_params(name, tmp_path))),
    ):
        pass


def section(download):
    return parse_params(change_default("test", [{"download": download}]), "test").download
