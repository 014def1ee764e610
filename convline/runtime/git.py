"""Run Git as a subprocess: commits, files at a commit, changed files."""

import os
import subprocess
from functools import cache
from pathlib import Path

from convline.runtime.errors import UserError

HERE = Path()
# Paths of the code that determines results, and of all that is compared between two commits.
CODE = ("convline", "stages", "dvc.yaml", "requirements.lock")
COMPARED = ("params.yaml", "dvc.lock", "metrics", *CODE)


def head() -> str:
    """Return the short hash of the last commit."""
    return git("rev-parse", "--short=7", "HEAD") or ""


def read(path: Path, commit: str | None) -> str | None:
    """Return the text of a file at a commit, or in the working folder; None if it is missing."""
    if commit is None:
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
    return git("show", f"{commit}:{path.as_posix()}", may_fail=True, strip=False)


def changed_files(commit: str, *paths: str) -> list[str]:
    """Return the files below `paths` that are new or changed since a commit."""
    tracked = git("diff", "--name-only", commit, "--", *paths) or ""
    new = git("ls-files", "--others", "--exclude-standard", "--", *paths) or ""
    return sorted({*tracked.splitlines(), *new.splitlines()})


def git(
    *arguments: str, may_fail: bool = False, strip: bool = True, folder: Path = HERE
) -> str | None:
    """Run a Git command and return what it prints; None if it fails and `may_fail` is set.

    Raises:
        UserError: the command fails, for example outside of a Git repository.
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
    """Return the environment without the variables that tie Git to one repository.

    Git sets GIT_DIR in hooks; with it, a command run in a clone would change the user's repository.

    Raises:
        UserError: Git is not installed.
    """
    names = ["git", "rev-parse", "--local-env-vars"]
    try:
        local = set(subprocess.check_output(names, text=True).split())
    except FileNotFoundError:
        raise UserError("Git is not installed, or not in PATH; install it first") from None
    return {name: value for name, value in os.environ.items() if name not in local}
