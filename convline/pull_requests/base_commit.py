"""Find the commit to compare with."""

from dataclasses import dataclass
from pathlib import Path

from convline.runtime.errors import UserError
from convline.runtime.git import git


@dataclass(frozen=True)
class Base:
    """The commit to compare with.

    Attributes:
        name: branch or commit as given on the command line.
        commit: full hash of the commit.
        note: why it is not the commit where the branches parted; empty if it is.
    """

    name: str
    commit: str
    note: str


def find_base(name: str) -> Base:
    """Return the commit where this branch left `name`, so that later commits there do not count.

    A shallow clone may not reach back that far; then it is the last commit of `name`.

    Raises:
        UserError: the working folder is not the root of a repository with commits, or `name` is
            not a branch or commit.
    """
    top = git("rev-parse", "--show-toplevel", may_fail=True)
    if top is None or Path(top).resolve() != Path.cwd():
        why = f"{Path.cwd()} is not the root of a Git repository"
        raise UserError(f"{why}; clone the project, or run `git init` in this folder")
    if _commit("HEAD") is None:
        raise UserError("this repository has no commits; commit first")
    commit = _commit(name) or _commit(f"origin/{name}")
    if commit is None:
        raise UserError(_not_found(name))
    parted = git("merge-base", commit, "HEAD", may_fail=True)
    if parted:
        return Base(name, parted, "")
    why = "this clone is shallow" if _is_shallow() else "the branches have no commit in common"
    return Base(name, commit, f"Compared with the last commit of the other branch: {why}.")


def _commit(name: str) -> str | None:
    # A name that starts with a dash would be an option.
    arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    found = git(*arguments, may_fail=True)
    return found or None


def _is_shallow() -> bool:
    return git("rev-parse", "--is-shallow-repository") == "true"


def _not_found(name: str) -> str:
    branch = name.removeprefix("origin/")
    fetch = f"git fetch origin {branch}:refs/remotes/origin/{branch}"
    if _is_shallow():
        fetch += " --unshallow"
    return f"no commit '{name}' in this clone; if it is a branch of the remote, run\n  {fetch}"
