"""Find the repository around the user's folder, and run the code of that repository.

Convline is installed from one clone, but each clone has its own code, and so has the copy of the
repository in which DVC runs an experiment of its queue.
"""

import os
import sys
from pathlib import Path

from convline.runtime import paths
from convline.runtime.errors import UserError

START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from convline.__main__ import main; main()"
)
# The folder in which the command was called: paths on the command line are relative to it.
user_folder = Path()
root: Path | None = None


def enter() -> None:
    """Change into the root of the repository, if the user's folder is inside one.

    Starts the command again where the repository has other code than the one that runs.
    """
    global user_folder, root  # noqa: PLW0603 (a process has one working folder)
    user_folder = Path.cwd()
    root = find_root(user_folder)
    if root is None:
        return
    code = root / "convline"
    if (code / "__main__.py").is_file() and not code.samefile(Path(__file__).parents[1]):
        # -P: Python must not look for the package in the user's folder first.
        command = [sys.executable, "-P", "-c", START, str(root), *sys.argv[1:]]
        os.execv(sys.executable, command)  # noqa: S606 (the same Python)
    os.chdir(root)


def find_root(folder: Path) -> Path | None:
    """Return the nearest folder that is a repository of Convline: `folder` or one above it.

    params.yaml may be missing, since `convline preset` writes it.
    """
    for path in (folder, *folder.parents):
        if (path / "dvc.yaml").is_file() and any(
            (path / name).exists() for name in ("params.yaml", "presets")
        ):
            return path
    return None


def require_root() -> None:
    """Check that the command runs in a repository.

    Raises:
        UserError: the user's folder is not inside one.
    """
    if root is None:
        raise UserError(
            f"{user_folder} is not inside a Convline repository (a folder with dvc.yaml and "
            "params.yaml); change into your clone"
        )


def from_user_folder(path: str) -> Path:
    """Return the path as seen from the root: unchanged there, otherwise absolute."""
    expanded = paths.expand_home(path)
    return expanded if user_folder in {Path(), root} else user_folder / expanded
