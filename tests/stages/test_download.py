"""One archive in data/raw, whole, with its provenance."""

import hashlib
import json
import sys
import zipfile
from pathlib import Path

import pytest

from convline.runtime.errors import UserError
from convline.sources import archive
from stages import download

FILES = {f"{label}/{i}.jpg": f"{label} {i}".encode() for label in ("cat", "dog") for i in range(5)}


def test_the_digits_come_with_their_provenance(workspace):
    download.main()
    source = json.loads(Path("data/raw/source.json").read_text())
    digits = Path("data/raw/digits.zip").read_bytes()
    assert source == {
        "kind": "digits",
        "name": "digits",
        "file": "digits.zip",
        "version": source["version"],
        "licence": "CC BY 4.0",
        "files": 1797,
        "bytes": len(digits),
        "sha256": hashlib.sha256(digits).hexdigest(),
    }
    assert source["version"].startswith("scikit-learn 1.")
    del source["kind"]
    source["data_set"] = source.pop("name")
    assert json.loads(Path("metrics/download.json").read_text()) == {"download": source}


def test_an_archive_is_copied_as_it_is(fetch):
    with zipfile.ZipFile("own.zip", "w") as packed:
        packed.writestr("a.jpg", b"1")
    assert fetch("own.zip") == ["own.zip", "source.json"]
    assert Path("data/raw/own.zip").read_bytes() == Path("own.zip").read_bytes()


def test_a_folder_is_packed_to_the_same_bytes_in_any_order_of_its_files(fetch, monkeypatch):
    fill("own", FILES)
    assert fetch("own") == ["own.zip", "source.json"]
    first, walk = Path("data/raw/own.zip").read_bytes(), archive.os.walk

    def walk_backwards(*args, **options):
        for parent, folders, files in walk(*args, **options):
            folders.reverse()
            yield parent, folders, files[::-1]

    monkeypatch.setattr(archive.os, "walk", walk_backwards)
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


def test_a_folder_that_cannot_be_listed_stops_the_stage(fetch, monkeypatch):
    fill("own", FILES)
    scandir = archive.os.scandir

    def refuse(path):
        if str(path) == "own/dog":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(archive.os, "scandir", refuse)
    with pytest.raises(UserError, match="no permission to read own/dog"):
        fetch("own")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/nowhere.zip", "download.path: there is nothing at '/nowhere.zip'$"),
        ("nowhere", "nothing at 'nowhere' from /.*; an absolute path is valid in every folder$"),
    ],
)
def test_a_path_where_nothing_is_is_refused(fetch, path, why):
    with pytest.raises(UserError, match=why):
        fetch(path)


def test_a_damaged_archive_leaves_the_last_result(fetch):
    fill("own", FILES)
    fetch("own")
    before = {path: path.read_bytes() for path in Path("data").rglob("*.*")}
    Path("cut.zip").write_bytes(Path("data/raw/own.zip").read_bytes()[:-50])
    with pytest.raises(UserError, match=r"cut\.zip"):
        fetch("cut.zip")
    assert {path: path.read_bytes() for path in Path("data").rglob("*.*")} == before


@pytest.fixture
def fetch(set_params):
    """Run the stage on the archive or folder at this path; names in data/raw."""

    def run(path):
        set_params(**{"download.kind": "archive", "download.path": path})
        download.main()
        return sorted(file.name for file in Path("data/raw").iterdir())

    return run


def packed_files():
    with zipfile.ZipFile("data/raw/own.zip") as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def fill(folder, files):
    for name, data in files.items():
        Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
        Path(folder, name).write_bytes(data)
