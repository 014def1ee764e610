"""Find the commit to compare with."""

from dataclasses import dataclass
from pathlib import Path

from convline.runtime.errors import UserError
from convline.runtime.git import git


@dataclass(frozen=True)
class Base:
    """What is compared with.

    Attributes:
        name: as the user said it.
        commit: the full digest of the commit.
        note: why it is not the commit at which the branches parted, or nothing.
    """

    name: str
    commit: str
    note: str


def find_base(name: str) -> Base:
    """The commit at which this branch left `name`: what came after on `name` is no change of ours.

    A shallow clone may not reach back to it; then it is the last commit of `name`.

    Raises:
        UserError: Git does not know `name`.
    """
    top = git("rev-parse", "--show-toplevel", may_fail=True)
    if top is None or Path(top).resolve() != Path.cwd():
        why = "run from the root of the Git repository, which must be that of the project"
        raise UserError(f"there is no Git repository here; {why}")
    if _commit("HEAD") is None:
        raise UserError("there is no commit yet; commit first")
    commit = _commit(name) or _commit(f"origin/{name}")
    if commit is None:
        raise UserError(_unknown(name))
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


def _unknown(name: str) -> str:
    branch = name.removeprefix("origin/")
    fetch = f"git fetch origin {branch}:refs/remotes/origin/{branch}"
    if _is_shallow():
        fetch += " --unshallow"
    return f"Git knows no commit '{name}' here. If it is a branch, get it:\n  {fetch}"
