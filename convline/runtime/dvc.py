"""Run DVC as a subprocess, with the Python of this environment."""

import subprocess
import sys
from pathlib import Path

from convline.runtime.git import HERE, environment


def run_dvc(
    *arguments: str, folder: Path = HERE, capture: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run `dvc` with these arguments and wait for it; the caller checks its exit status.

    Args:
        *arguments: the subcommand and its options.
        folder: the repository to run in.
        capture: True returns the output as text, False passes it to the terminal.
    """
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=folder,
        env=environment(),
        check=False,
        capture_output=capture,
        encoding="utf-8",
        errors="replace",
    )
