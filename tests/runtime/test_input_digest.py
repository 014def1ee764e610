"""The digest of a stage's inputs changes with each of them."""

import os

import pytest

from convline.runtime import input_digest as module
from convline.runtime.input_digest import input_digest


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.png").write_bytes(b"12")
    return tmp_path


def test_equal_inputs_have_one_digest(folder, default_params):
    assert input_digest(folder, 1, default_params.train) == input_digest(
        folder, 1, default_params.train.model_copy()
    )


@pytest.mark.parametrize("change", ["size", "time", "name", "more", "param", "value"])
def test_each_change_of_data_or_params_changes_it(folder, default_params, change):
    section, value = default_params.train, 1
    before = input_digest(folder, value, section)
    file = folder / "a/1.png"
    if change == "size":
        stat = file.stat()
        file.write_bytes(b"123")
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    elif change == "time":
        os.utime(file, ns=(0, 1))
    elif change == "name":
        file.rename(folder / "a/2.png")
    elif change == "more":
        (folder / "2.png").write_bytes(b"")
    elif change == "param":
        section = section.model_copy(update={"epochs": section.epochs + 1})
    else:
        value = 2
    assert input_digest(folder, value, section) != before


@pytest.mark.parametrize("name", ["version", "processor"])
def test_another_package_or_processor_changes_it(folder, monkeypatch, name):
    before = input_digest(folder)
    monkeypatch.setattr(module, name, lambda *_: "another")
    assert input_digest(folder) != before


def test_other_code_changes_it(folder, monkeypatch, tmp_path_factory):
    code = tmp_path_factory.mktemp("code")
    monkeypatch.setattr(module, "CODE", code)
    before = input_digest(folder)
    (code / "new.py").write_text("x = 1\n")
    assert input_digest(folder) != before
