"""Git as a subprocess: commits, files at a commit, changed files."""

import os
import subprocess
from functools import cache
from pathlib import Path

from convline.runtime.errors import UserError

HERE = Path()
# Code that determines results, and what is compared between two commits.
CODE = ("convline", "stages", "dvc.yaml", "requirements.lock")
COMPARED = ("params.yaml", "dvc.lock", "metrics", *CODE)


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
