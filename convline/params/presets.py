"""List the presets in presets/, and write params.yaml from one of them.

`presets/default.yaml` has all parameters; each other preset has only those that differ from it.
"""

import difflib
import io
from collections.abc import Iterable, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from convline.params import renamed
from convline.params.loading import did_you_mean, parse_params
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_file

PRESETS = Path("presets")
DEFAULT = "default"


def list_presets() -> str:
    """Return one line per preset, from its first line, `# Preset <name>: ...`."""
    return "\n".join(_title(_read(file.stem)) for file in sorted(PRESETS.glob("*.yaml")))


def render(name: str, values: Sequence[str] = ()) -> str:
    """Return the text of params.yaml: the default with its comments, changed by the preset.

    Args:
        name: name of the preset.
        values: further changes, `section.parameter=value` with the value as YAML.

    Raises:
        UserError: the preset does not exist, or the result does not fit the schema of params.yaml.
    """
    preset = _read(name)
    try:
        changes = YAML(typ="safe").load(preset)
    except YAMLError as error:
        raise UserError(f"preset '{name}' is not valid YAML:\n{error}") from None
    if not isinstance(changes, MutableMapping):
        raise UserError(f"preset '{name}' must contain sections of params.yaml, got {changes!r}")
    text = change_default(f"Preset {_title(preset)}", [changes, *map(parse_value, values)])
    parse_params(text, f"preset '{name}'")
    return text


def change_default(title: str, changes: Iterable[MutableMapping[str, Any]]) -> str:
    """Return the text of the preset `default` with another first line and other values.

    Args:
        title: the first line, without `# `.
        changes: sections with parameters; later ones replace earlier ones.
    """
    default = _read(DEFAULT)
    # YAML() writes the format of `dvc exp run -S`, so that neither reformats the other's file.
    yaml = YAML()
    params = yaml.load(default)
    for change in changes:
        overlay(params, change)
    stream = io.StringIO()
    yaml.dump(params, stream)
    return stream.getvalue().replace(f"Preset {_title(default)}", title, 1)


def load_default() -> Any:
    """Return the content of the preset `default`, which takes 0.1 s."""
    return YAML(typ="safe").load(_read(DEFAULT))


def show_change(text: str, name: str) -> str:
    """Return the lines of params.yaml that differ from `text`, called `name`; empty if none do."""
    there = paths.PARAMS.exists()
    before = paths.PARAMS.read_text(encoding="utf-8", errors="replace") if there else ""
    change = difflib.unified_diff(
        before.splitlines(), text.splitlines(), str(paths.PARAMS), name, lineterm="", n=0
    )
    return "\n".join(change)


def write(text: str) -> None:
    """Write the text to params.yaml."""
    with fresh_file(paths.PARAMS) as partial:
        partial.write_text(text, encoding="utf-8")


def _title(text: str) -> str:
    return text.partition("\n")[0].removeprefix("# Preset ")


def parse_value(argument: str) -> dict[str, Any]:
    """Return `train.dropout=0.3` as `{"train": {"dropout": 0.3}}`; the value is YAML."""
    parameter, equals, text = argument.partition("=")
    keys = parameter.split(".")
    if not equals or not all(keys):
        raise UserError(f"expected section.parameter=value, got '{argument}'")
    try:
        value = YAML(typ="safe").load(text)
    except YAMLError as error:
        raise UserError(f"the value of '{argument}' is not valid YAML:\n{error}") from None
    return nested(parameter, value)


def nested(parameter: str, value: Any) -> dict[str, Any]:
    """Return `{"train": {"dropout": 0.3}}` for `train.dropout` and 0.3."""
    for key in reversed(parameter.split(".")):
        value = {key: value}
    return dict(value)


def _read(name: str) -> str:
    try:
        return (PRESETS / f"{name}.yaml").read_text(encoding="utf-8")
    except FileNotFoundError:
        if name in renamed.PRESETS:
            why = f"preset '{name}' is now called '{renamed.PRESETS[name]}'"
            raise UserError(why) from None
        names = [file.stem for file in PRESETS.glob("*.yaml")]
        hint = did_you_mean(name, names) or f"; choose one of {', '.join(sorted(names))}"
        raise UserError(f"preset '{name}' not found{hint}") from None


def overlay(params: MutableMapping[str, Any], changes: MutableMapping[str, Any]) -> None:
    """Apply `changes` to `params`, section by section; a replaced list keeps its comment."""
    for key, value in changes.items():
        if isinstance(value, MutableMapping) and isinstance(params.get(key), MutableMapping):
            overlay(params[key], value)
        elif isinstance(value, list) and isinstance(params.get(key), list):
            params[key][:] = value
        else:
            params[key] = value
