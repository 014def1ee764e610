"""Real copies of this repository, in which tests run the real commands."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from benchmarks.workspace import ROOT as REPOSITORY
from benchmarks.workspace import files

# Permissions bind root, too, once it has given up the capability to override them.
OBEY_PERMISSIONS = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
CONVLINE = [sys.executable, "-m", "convline"]


def make_repository(folder: Path, *preset: str) -> Path:
    """A copy of this repository's files, committed, with a preset and values applied."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / name, folder / name)
    apply_preset(folder, *preset)
    for git in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "start"]):
        subprocess.check_call(["git", *git], cwd=folder, env=environment())
    return folder


def apply_preset(folder: Path, *preset: str) -> None:
    result = convline(folder, "preset", *preset)
    assert result.returncode == 0, result.stderr


def convline(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """Run `convline` with the code of `folder`, or with that of this repository if it has none."""
    code = {"PYTHONPATH": str(REPOSITORY)} if not (folder / "convline").exists() else {}
    return run_in(folder, [*CONVLINE, *arguments], {**environment(), **code, **variables})


def python(folder: Path, module: str, *arguments: str) -> subprocess.CompletedProcess:
    return run_in(folder, [sys.executable, "-m", module, *arguments], environment())


def call(command: click.Command, *arguments: str) -> None:
    """Call a subcommand in this process and in the working folder, without catching its errors."""
    context = command.make_context(command.name, list(arguments))
    command.callback(**context.params)


def run_in(
    folder: Path, command: list[str], variables: dict[str, str]
) -> subprocess.CompletedProcess:
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )


def dvc(folder: Path, *arguments: str, fails: bool = False) -> str:
    """Run dvc; return what it and the stages printed."""
    result = subprocess.run(
        ["dvc", *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE
        if "--json" in arguments or "--csv" in arguments
        else subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert (result.returncode != 0) == fails, result.stdout
    return result.stdout


def environment() -> dict[str, str]:
    """The interpreter of the tests comes first, as in an activated environment; Git has a user."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    user = {"NAME": "test", "EMAIL": "test@localhost"}
    git = {f"GIT_{who}_{what}": x for who in ("AUTHOR", "COMMITTER") for what, x in user.items()}
    return {**os.environ, **git, "PATH": path, "DVC_NO_ANALYTICS": "1"}


def stages_run(output: str) -> list[str]:
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]
