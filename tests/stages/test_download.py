"""One archive in data/raw, whole, with its provenance."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from convline.runtime.errors import UserError
from stages import download


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


def test_a_damaged_archive_leaves_the_last_result(set_params):
    with zipfile.ZipFile("own.zip", "w") as packed:
        packed.writestr("cat/1.jpg", b"1")
    set_params(**{"download.kind": "archive", "download.path": "own.zip"})
    download.main()
    before = {path: path.read_bytes() for path in Path("data").rglob("*.*")}
    Path("cut.zip").write_bytes(Path("own.zip").read_bytes()[:-50])
    set_params(**{"download.path": "cut.zip"})
    with pytest.raises(UserError, match=r"^download\.path: cut\.zip is neither a zip nor"):
        download.main()
    assert {path: path.read_bytes() for path in Path("data").rglob("*.*")} == before
