"""The named experiments of presets/, and params.yaml written from one of them.

`presets/digits.yaml` is the whole default; every other preset holds what differs from it.
"""

import io
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from convline.params.loading import did_you_mean, validate
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_file

PRESETS = Path("presets")
DEFAULT = "digits"


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
