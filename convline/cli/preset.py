"""List the presets, or write one into params.yaml.

    convline preset                       list them
    convline preset dogs-vs-cats          show what changes in params.yaml, and change it
    convline preset dogs-vs-cats --show   only show it
    convline preset default download.kind=archive download.path=photos.zip
                                          set further parameters
    convline preset default               return to the default run

presets/default.yaml holds all parameters; every other preset holds those that differ from it. A
preset replaces all of params.yaml, so the result does not depend on what was there before.
"""

import click

from convline.cli import options
from convline.params.presets import PRESETS, list_presets, render, show_change, write
from convline.runtime import paths


def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Return the presets for the shell's completion."""
    names = (file.stem for file in PRESETS.glob("*.yaml"))
    return sorted(name for name in names if name.startswith(incomplete))


@options.command(help=__doc__)
@click.argument(
    "name", required=False, shell_complete=complete, help="preset (default: list all presets)"
)
@click.argument(
    "values", nargs=-1, metavar="[PARAM=VALUE]...", help="further parameters, values as YAML"
)
@click.option("--show", is_flag=True, help="show the change and leave params.yaml as it is")
def main(name: str | None, values: tuple[str, ...], show: bool) -> None:
    if name is None:
        print(list_presets())
        return
    text = render(name, values)
    print(show_change(text, name) or f"{paths.PARAMS} is the preset {name} already")
    if not show:
        write(text)
