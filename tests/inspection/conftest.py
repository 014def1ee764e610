"""A folder with presets/, in which plans are made."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "presets").symlink_to(Path("presets").resolve())
    monkeypatch.chdir(tmp_path)
    return tmp_path
