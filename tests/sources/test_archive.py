"""The user's own archive or folder of images."""

import os
import sys
import zipfile
from pathlib import Path

import pytest

from convline.params.schema import Download
from convline.runtime.errors import UserError
from convline.sources import archive

FILES = {f"{label}/{i}.jpg": f"{label} {i}".encode() for label in ("cat", "dog") for i in range(5)}


def test_an_archive_is_copied_unchanged(fetch):
    with zipfile.ZipFile("own.zip", "w") as packed:
        packed.writestr("a.jpg", b"1")
    assert fetch("own.zip") == ["own.zip"]
    assert Path("data/raw/own.zip").read_bytes() == Path("own.zip").read_bytes()


def test_a_folder_is_packed_to_the_same_bytes_in_any_order_of_its_files(fetch, monkeypatch):
    fill("own", FILES)
    assert fetch("own") == ["own.zip"]
    first, walk = Path("data/raw/own.zip").read_bytes(), os.walk

    def walk_backwards(*args, **options):
        for parent, folders, files in walk(*args, **options):
            folders.reverse()
            yield parent, folders, files[::-1]

    monkeypatch.setattr(os, "walk", walk_backwards)
    fetch("own")
    assert Path("data/raw/own.zip").read_bytes() == first
    assert packed_files() == FILES


def test_what_links_in_a_folder_lead_to_is_packed(fetch):
    fill("disk", {"1.jpg": b"1", "2.jpg": b"2"})
    fill("own", FILES)
    Path("own/bee").symlink_to(Path("disk").resolve())
    Path("own/cat/link.jpg").symlink_to(Path("disk/1.jpg").resolve())
    fetch("own")
    links = {"bee/1.jpg": b"1", "bee/2.jpg": b"2", "cat/link.jpg": b"1"}
    assert packed_files() == {**FILES, **links}


def test_a_link_that_leads_back_to_its_own_folder_is_refused(fetch):
    fill("own", FILES)
    Path("own/cat/all").symlink_to(Path("own").resolve())
    with pytest.raises(UserError, match="own/cat/all' leads back to a folder that contains it"):
        fetch("own")


def test_a_link_that_leads_nowhere_is_named(fetch):
    fill("own", FILES)
    Path("own/cat/gone.jpg").symlink_to("nowhere.jpg")
    with pytest.raises(UserError, match=r"own/cat/gone\.jpg"):
        fetch("own")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
def test_a_file_name_that_is_not_unicode_is_packed(fetch):
    fill("own", {b"cat/caf\xe9.jpg".decode(errors="surrogateescape"): b"1"})
    fetch("own")
    assert list(packed_files().values()) == [b"1"]


def test_a_folder_that_cannot_be_listed_is_refused(fetch, monkeypatch):
    fill("own", FILES)
    scandir = os.scandir

    def refuse(path):
        if str(path) == "own/dog":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UserError, match="no permission to read own/dog"):
        fetch("own")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/nowhere.zip", "download.path: there is nothing at '/nowhere.zip'$"),
        ("~nobody-of-this-name/photos.zip", "nothing at '~nobody-of-this-name/photos.zip' from /"),
        ("nowhere", "nothing at 'nowhere' from /.*; an absolute path is valid in every folder$"),
    ],
)
def test_a_path_where_nothing_is_is_refused(fetch, path, why):
    with pytest.raises(UserError, match=why):
        fetch(path)


def test_what_is_neither_a_file_nor_a_folder_is_refused(fetch, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/zero", str(tmp_path / "pipe")):
        with pytest.raises(UserError, match="is neither a file nor a folder"):
            fetch(path)


@pytest.fixture
def fetch(tmp_path, monkeypatch):
    """Fetch the archive or folder at this path into data/raw; return the names there."""
    monkeypatch.chdir(tmp_path)
    Path("data/raw").mkdir(parents=True)

    def run(path):
        limits = {"max_unpacked_gb": 1, "max_unpacked_ratio": 1}
        download = Download(kind="archive", name=None, path=path, **limits)
        archive.fetch(download, Path("data/raw"))
        return sorted(file.name for file in Path("data/raw").iterdir())

    return run


def packed_files():
    with zipfile.ZipFile("data/raw/own.zip") as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def fill(folder, files):
    for name, data in files.items():
        Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
        Path(folder, name).write_bytes(data)
