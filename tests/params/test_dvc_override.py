"""`dvc exp run -S` sets paths outside the repository, as docs/data.md describes."""

import json

import pytest

from tests.commands import dvc, make_repository
from tests.image_archives import pack, pets

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home folder with an archive of images, and a repository beside it."""
    home = tmp_path_factory.mktemp("home")
    (home / "photos.zip").write_bytes(pack(pets()))
    (home / "my photos (1).zip").write_bytes(pack(pets()))
    make_repository(home / "repository", "default")
    return home


@pytest.mark.parametrize(
    "path",
    ["'~/photos.zip'", '"~/photos.zip"', "{home}/photos.zip", "'{home}/my photos (1).zip'"],
)
def test_a_quoted_or_absolute_path_reaches_the_stage(home, monkeypatch, path):
    monkeypatch.setenv("HOME", str(home))
    value = path.format(home=home)
    dvc(home / "repository", "exp", "run", *override(value), "download")
    metrics = json.loads((home / "repository/metrics/download.json").read_text())
    assert metrics["download"]["file"] == value.strip("'\"").rsplit("/", 1)[-1]


def test_dvc_cannot_parse_an_unquoted_tilde(home):
    output = dvc(home / "repository", "exp", "run", *override("~/photos.zip"), fails=True)
    assert "download.path=~/photos.zip" in output


@pytest.mark.parametrize("kind", ["passwd", "../../x"])
def test_an_unknown_kind_of_source_is_answered_with_the_known_ones(home, kind):
    output = dvc(
        home / "repository", "exp", "run", "-S", f"download.kind={kind}", "download", fails=True
    )
    known = "'archive', 'digits', 'kaggle_competition', 'kaggle_dataset', 'keras'"
    assert f"download.kind: must be one of {known}, got '{kind}'" in output


def override(path: str) -> list[str]:
    return ["-S", "download.kind=archive", "-S", f"download.path={path}"]
