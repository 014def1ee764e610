"""Available memory honours the limit of a container."""

from types import SimpleNamespace

import psutil
import pytest

from convline.runtime import memory


def test_half_of_the_free_memory_is_left(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 1000)
    assert memory.fits(500)
    assert not memory.fits(501)


@pytest.mark.parametrize(
    ("limit", "used", "expected"),
    [
        ("1000\n", "300\n", 750),  # of the 300, 50 are pages of files
        ("1000\n", "1200\n", 0),
        ("max\n", "300\n", 5000),
        (None, None, 5000),
    ],
)
def test_the_limit_of_a_container_counts(tmp_path, monkeypatch, limit, used, expected):
    monkeypatch.setattr(memory, "CONTAINER", tmp_path)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=5000))
    if limit:
        (tmp_path / "memory.max").write_text(limit)
        (tmp_path / "memory.current").write_text(used)
        (tmp_path / "memory.stat").write_text("anon 100\ninactive_file 50\n")
    assert memory.available() == expected


def test_a_limit_above_the_free_memory_does_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "CONTAINER", tmp_path)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=500))
    (tmp_path / "memory.max").write_text("1000")
    (tmp_path / "memory.current").write_text("300")
    (tmp_path / "memory.stat").write_text("anon 100\ninactive_file 50\n")
    assert memory.available() == 500
