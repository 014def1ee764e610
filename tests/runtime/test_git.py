"""Git as a subprocess."""

import pytest

from convline.runtime import git
from convline.runtime.errors import UserError


def test_without_git_there_is_one_message(tmp_path, monkeypatch):
    git.environment.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="Git is not installed, or not in PATH"):
        git.head()


def test_variables_of_a_hook_do_not_reach_another_repository(monkeypatch):
    git.environment.cache_clear()
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    try:
        assert "GIT_DIR" not in git.environment()
    finally:
        git.environment.cache_clear()


def test_a_failing_command_is_one_message(tmp_path):
    with pytest.raises(UserError, match="`git rev-parse --short=7 HEAD` failed: fatal: not a git"):
        git.git("rev-parse", "--short=7", "HEAD", folder=tmp_path)
    assert git.git("rev-parse", "HEAD", folder=tmp_path, may_fail=True) is None
