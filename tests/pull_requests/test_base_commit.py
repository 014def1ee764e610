"""The commit to compare with, in small repositories."""

import pytest

from convline.pull_requests.base_commit import find_base
from convline.runtime.errors import UserError
from tests.commands import environment, run_in


def test_it_is_the_commit_where_the_branches_parted(repository):
    parted = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "-qb", "change")
    commit(repository, "ours")
    git(repository, "checkout", "-q", "main")
    commit(repository, "later on main")
    git(repository, "checkout", "-q", "change")
    base = find_base("main")
    assert (base.name, base.commit, base.note) == ("main", parted, "")


def test_a_branch_of_the_remote_needs_no_local_branch(repository, tmp_path, monkeypatch):
    git(tmp_path, "clone", "-q", str(repository), "clone")
    git(tmp_path / "clone", "switch", "-qc", "change")
    git(tmp_path / "clone", "branch", "-qD", "main")
    monkeypatch.chdir(tmp_path / "clone")
    assert find_base("main").commit == git(repository, "rev-parse", "HEAD")


def test_branches_without_a_common_commit_are_noted(repository):
    git(repository, "checkout", "-q", "--orphan", "other")
    commit(repository, "start again")
    note = find_base("main").note
    assert note.endswith("other branch: the branches have no commit in common.")


@pytest.mark.parametrize("name", ["mian", "--all"])
def test_an_unknown_commit_is_one_message(repository, name):
    with pytest.raises(UserError, match=f"no commit '{name}' in this clone; if it is a branch"):
        find_base(name)


def test_another_folder_than_the_root_is_refused(repository, monkeypatch):
    (repository / "project").mkdir()
    monkeypatch.chdir(repository / "project")
    with pytest.raises(UserError, match="not the root of a Git repository"):
        find_base("HEAD")
    git(repository / "project", "init", "-q")
    with pytest.raises(UserError, match="this repository has no commits; commit first"):
        find_base("HEAD")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with one commit, which is the working folder."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-qb", "main")
    commit(folder, "start")
    monkeypatch.chdir(folder)
    return folder


def commit(folder, message):
    git(folder, "commit", "-q", "--allow-empty", "-m", message)


def git(folder, *arguments):
    result = run_in(folder, ["git", *arguments], environment())
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()
