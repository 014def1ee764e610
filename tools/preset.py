"""List the named experiments of presets/, or put one into params.yaml.

    python -m tools.preset                       list them
    python -m tools.preset dogs-vs-cats          show what changes in params.yaml, and change it
    python -m tools.preset dogs-vs-cats --show   show it alone
    python -m tools.preset digits download.kind=archive download.path=~/photos.zip
                                                 with values of your own
    python -m tools.preset digits                back to the default

`presets/digits.yaml` is the whole default; every other preset holds what differs from it. A preset
replaces all of params.yaml, so that the result does not depend on what stood there before.
"""

import argparse
import difflib
import io
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.common import paths
from stages.common.command import UserError, run
from stages.common.files import fresh_file
from stages.common.params import did_you_mean, validate
from tools import command_line

PRESETS = Path("presets")
DEFAULT = "digits"


def main() -> None:
    arguments = parse_arguments()
    if arguments.name is None:
        print(list_presets())
        return
    text = render(arguments.name, arguments.values)
    before = paths.PARAMS.read_text(encoding="utf-8") if paths.PARAMS.exists() else ""
    change = difflib.unified_diff(
        before.splitlines(), text.splitlines(), str(paths.PARAMS), arguments.name, lineterm="", n=0
    )
    print("\n".join(change) or f"{paths.PARAMS} is {arguments.name} already")
    if not arguments.show:
        write(text)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = command_line.parser("preset", __doc__)
    parser.add_argument("name", nargs="?", help="the preset; without it, all are listed")
    parser.add_argument("values", nargs="*", metavar="PARAM=VALUE", help="what to set besides")
    parser.add_argument("--show", action="store_true", help="change nothing")
    return parser.parse_intermixed_args()


def list_presets() -> str:
    """The title of each preset: its first line, `# Preset <name>: ...`."""
    return "\n".join(_title(_read(file.stem)) for file in sorted(PRESETS.glob("*.yaml")))


def render(name: str, values: Sequence[str] = ()) -> str:
    """The text of params.yaml with the preset applied to the default, comments and order kept.

    Args:
        name: of the preset.
        values: further `section.parameter=value`, the value as YAML.

    Raises:
        UserError: there is no such preset, or it does not fit the schema of params.yaml.
    """
    default, preset = _read(DEFAULT), _read(name)
    # YAML() writes what `dvc exp run -S` writes, so that the two do not reformat each other's file.
    yaml = YAML()
    params = yaml.load(default)
    try:
        _overlay(params, YAML(typ="safe").load(preset))
    except YAMLError as error:
        raise UserError(f"preset '{name}' is no valid YAML:\n{error}") from None
    for value in values:
        _overlay(params, _parse(value))
    stream = io.StringIO()
    yaml.dump(params, stream)
    text = stream.getvalue().replace(_title(default), _title(preset), 1)
    validate(YAML(typ="safe").load(text), f"preset '{name}'")
    return text


def write(text: str) -> None:
    """Put the text into params.yaml."""
    with fresh_file(paths.PARAMS) as partial:
        partial.write_text(text, encoding="utf-8")


def _title(text: str) -> str:
    return text.splitlines()[0].removeprefix("# Preset ")


def _parse(argument: str) -> dict[str, Any]:
    """`train.dropout=0.3` as `{"train": {"dropout": 0.3}}`; the value is YAML."""
    parameter, equals, text = argument.partition("=")
    keys = parameter.split(".")
    if not equals or not all(keys):
        raise UserError(f"'{argument}' is not of the form section.parameter=value")
    try:
        value = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise UserError(f"the value of '{argument}' is no valid YAML:\n{error}") from None
    for key in reversed(keys):
        value = {key: value}
    return value


def _read(name: str) -> str:
    try:
        return (PRESETS / f"{name}.yaml").read_text(encoding="utf-8")
    except FileNotFoundError:
        names = [file.stem for file in PRESETS.glob("*.yaml")]
        hint = did_you_mean(name, names) or f"; there are {', '.join(sorted(names))}"
        raise UserError(f"there is no preset '{name}'{hint}") from None


def _overlay(params: MutableMapping[str, Any], changes: MutableMapping[str, Any]) -> None:
    """Put `changes` into `params`, section by section; a list is replaced, its comment kept."""
    for key, value in changes.items():
        if isinstance(value, MutableMapping) and isinstance(params.get(key), MutableMapping):
            _overlay(params[key], value)
        elif isinstance(value, list) and isinstance(params.get(key), list):
            params[key][:] = value
        else:
            params[key] = value


if __name__ == "__main__":
    run(main)
