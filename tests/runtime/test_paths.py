"""Paths with a home folder."""

from pathlib import Path

from convline.runtime.paths import expand_home


def test_a_tilde_is_the_home_folder_if_there_is_such_a_user(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    assert expand_home("~/a.png") == Path("/home/someone/a.png")
    assert expand_home("~draft.png") == Path("~draft.png")
    assert expand_home("a~/b") == Path("a~/b")
