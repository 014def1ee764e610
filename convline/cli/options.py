"""What the subcommands share: how they run, types of paths, options of several of them."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from convline.cli import repository
from convline.runtime import paths
from convline.runtime.runner import run


class Command(click.Command):
    """A subcommand: its help is the docstring of its module, its mistakes are single messages."""

    def format_help_text(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the docstring with its own line breaks, examples included."""
        formatter.write(f"\n{self.help}")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an option whose metavar ends in dots takes several values at a time.

        `--seeds 1 2 3` is the same as `--seeds 1 --seeds 2 --seeds 3`.
        """
        spread = {
            name
            for option in self.params
            if isinstance(option, click.Option) and (option.metavar or "").endswith("...")
            for name in option.opts
        }
        given: list[str] = []
        option = ""
        for i, arg in enumerate(args):
            if arg.startswith("-"):
                option = arg if arg in spread else ""
            elif option and args[i - 1] != option:
                given.append(option)
            given.append(arg)
        return super().parse_args(ctx, given)

    def invoke(self, ctx: click.Context) -> None:
        """Run the command in the root of the repository."""
        run(functools.partial(self._invoke, ctx), ctx.command_path)

    def _invoke(self, ctx: click.Context) -> None:
        repository.require_root()
        super().invoke(ctx)


class PathType(click.Path):
    """A path that is relative to the user's folder.

    Where it is `writable`, a path at which nothing can be written is refused before any work.
    """

    def __init__(self, **checks: bool) -> None:
        super().__init__(path_type=Path, **checks)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path. Defaults are `Path` objects, which are relative to the root."""
        if isinstance(value, str) and value != "-":
            value = repository.from_user_folder(value)
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if self.writable and str(path) != "-":
            folder = next(parent for parent in path.absolute().parents if parent.exists())
            if not folder.is_dir() or not os.access(folder, os.W_OK):
                self.fail(f"cannot write to '{folder}'; choose another place", param, ctx)
        return path


Decorated = TypeVar("Decorated", bound=Callable[..., Any])
command = functools.partial(
    click.command, cls=Command, context_settings={"show_default": True, "max_content_width": 100}
)
model = click.option(
    "--model",
    type=PathType(),
    default=paths.CLASSIFIER,
    metavar="FILE",
    help="saved classifier",
)
batch_size = click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=32,
    metavar="N",
    help="number of images predicted at a time",
)


def output(default: Path, *, what: str, folder: bool = False) -> Callable[[Decorated], Decorated]:
    """Return the option `--output` for a file, or for a folder.

    Args:
        default: relative to the root of the repository.
        what: the help.
        folder: True for a folder.
    """
    return click.option(
        "-o",
        "--output",
        type=PathType(writable=True, dir_okay=folder, file_okay=not folder),
        default=default,
        metavar="FOLDER" if folder else "FILE",
        help=what,
    )
