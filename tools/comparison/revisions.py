"""Two states of the repository, as Git knows them: the commit to compare with, and what is here."""

import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from stages.common.command import UserError

HERE = Path()


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


def head() -> str:
    """The last commit, short."""
    return git("rev-parse", "--short=7", "HEAD") or ""


def read(path: Path, commit: str | None) -> str | None:
    """A file at a commit, or as it is here; None where it does not exist."""
    if commit is None:
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
    return git("show", f"{commit}:{path.as_posix()}", may_fail=True, strip=False)


def changed_files(commit: str, *paths: str) -> list[str]:
    """Files below these paths that differ between a commit and what is here, new ones too."""
    tracked = git("diff", "--name-only", commit, "--", *paths) or ""
    new = git("ls-files", "--others", "--exclude-standard", "--", *paths) or ""
    return sorted({*tracked.splitlines(), *new.splitlines()})


def git(
    *arguments: str, may_fail: bool = False, strip: bool = True, folder: Path = HERE
) -> str | None:
    """What a Git command prints; None where it fails and may.

    Raises:
        UserError: it fails, or this is no Git repository.
    """
    command = ["git", "-c", "core.quotePath=off", *arguments]
    result = subprocess.run(
        command,
        cwd=folder,
        env=environment(),
        check=False,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if result.returncode == 0:
        return result.stdout.strip() if strip else result.stdout
    if may_fail:
        return None
    raise UserError(f"`git {' '.join(arguments)}` failed: {result.stderr.strip()}")


@cache
def environment() -> dict[str, str]:
    """This process's, without what ties Git to one repository, as GIT_DIR in a hook does.

    Else commands that are meant for a clone would change the user's own.
    """
    names = ["git", "rev-parse", "--local-env-vars"]
    local = set(subprocess.check_output(names, text=True).split())
    return {name: value for name, value in os.environ.items() if name not in local}


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
