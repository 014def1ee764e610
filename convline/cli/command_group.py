"""The `convline` command and its list of subcommands, each a module of its name in this folder."""

import importlib
import tomllib
from pathlib import Path
from typing import Any

import click

from convline.runtime.git import git

NAMES = (
    "init", "preset", "report", "experiments", "results", "predict", "app", "explain", "export",
    "submit", "compare",
)  # fmt: skip
CODE = Path(__file__).parents[2]
HELP = """Train a small CNN from scratch, compare it with a pre-trained network, use the better one.

`convline COMMAND --help` shows examples and all options of a command. Commands work in any folder
of a repository; relative paths are relative to the folder in which you are.

\b
Completion of commands and options, for example in bash (zsh_source and fish_source for others):
    eval "$(_CONVLINE_COMPLETE=bash_source convline)"
"""


class LazyCommand(click.Command):
    """A subcommand whose module is imported when it is called, so that `--help` takes 0.1 s."""

    def __init__(self, name: str) -> None:
        with Path(__file__).with_name(f"{name}.py").open(encoding="utf-8") as file:
            super().__init__(name, short_help=file.readline().strip('"\n'))

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Return the context of the command in the module."""
        command: click.Command = importlib.import_module(f"convline.cli.{self.name}").main
        return command.make_context(info_name, args, parent, **extra)


class Group(click.Group):
    """A group that lists its subcommands in the order in which they were given."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Return the names of the subcommands."""
        return list(self.commands)


def show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print the version and the commit of the code that runs."""
    if not wanted or context.resilient_parsing:
        return
    with (CODE / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    commit = git("rev-parse", "--short=7", "HEAD", may_fail=True, folder=CODE)
    click.echo(f"convline {version} (commit {commit or 'unknown'})")
    context.exit()


@click.group(cls=Group, commands=[LazyCommand(name) for name in NAMES], help=HELP)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=show_version,
    help="Show version and commit, and exit.",
)
def convline() -> None:
    """Run one of the subcommands."""
