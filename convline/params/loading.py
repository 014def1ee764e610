"""Load params.yaml with DVC's YAML rules, and report all mistakes in it at once."""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from convline.params import renamed
from convline.params.schema import Params
from convline.params.schema_base import LIST, SINGLE, Impossible
from convline.runtime import paths
from convline.runtime.errors import UserError

Model = TypeVar("Model", bound=BaseModel)

# Patterns in pydantic's messages, and what replaces them.
WORDING = {
    r"^Input should be ": "must be ",
    r"a valid integer.*": "an integer",
    r"a valid ": "a ",
    r"^List should have (at \w+ \d+ items?).*": r"must have \1",
}


def load_params(path: Path = paths.PARAMS) -> Params:
    """Load and validate params.yaml.

    Raises:
        UserError: the file is missing, is not valid YAML, or does not fit the schema.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} not found; run from the root of the repository") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not valid YAML:\n{error}") from None
    return parse_params(text, str(path))


def parse_params(text: str, name: str) -> Params:
    """Return the text of a params.yaml as `Params`; errors call it `name`.

    Raises:
        UserError: the text is not valid YAML, or does not fit the schema.
    """
    try:
        # As DVC does: YAML 1.2, where 1e-3 is a number, `no` a string, a repeated key an error.
        content = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise UserError(f"{name} is not valid YAML:\n{error}") from None
    return validate(content, name)


def validate(content: Any, name: str) -> Params:
    """Return `content` as `Params`; errors call it `name`."""
    return parse(Params, content, name)


def parse(model: type[Model], content: Any, name: str) -> Model:
    """Return `content` as an instance of `model`.

    Raises:
        UserError: `content` does not fit; the message calls it `name` and lists all mistakes.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [f"  {line}" for line in _describe_all(error.errors(), model, name)]
        raise UserError("\n".join([f"{name} is not valid:", *lines])) from None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint at the most similar known word, or an empty string."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean '{close[0]}'?" if close else ""


def _describe_all(errors: list[ErrorDetails], model: type[BaseModel], name: str) -> list[str]:
    """Return one line per mistake, without "is missing" for parameters given by a former name."""
    unknown = [_location(error["loc"]) for error in errors if error["type"] == "extra_forbidden"]
    renamed_to = {renamed.new_name(parameter) for parameter in unknown}
    return [
        line
        for error in errors
        if not (error["type"] == "missing" and _location(error["loc"]) in renamed_to)
        for line in _describe(error, model, name)
    ]


def _describe(error: ErrorDetails, model: type[BaseModel], name: str) -> list[str]:
    """Return lines with the parameter, what it must be and what it is."""
    location, value = _location(error["loc"]), error["input"]
    context = error.get("ctx", {})
    if isinstance(cause := context.get("error"), Impossible):
        return [
            f"{'.'.join(filter(None, (location, parameter)))}: {reason}"
            for parameter, reason in cause.problems
        ]
    if error["type"] == "missing":
        return [f"{location}: is missing"]
    if error["type"] == "model_type":
        return [f"{location or name}: must be a section, got {value!r}"]
    # Other models than Params, such as that of gate.yaml, have no former names.
    unknown = error["type"] == "extra_forbidden"
    if model is Params and (unknown or error["type"] == "literal_error"):
        now = renamed.describe(location, value, known=not unknown)
        if now:
            return [f"{location}: {now}"]
    if unknown:
        return [f"{location}: unknown parameter{_similar(model, error['loc'])}"]
    must = error["msg"]
    if error["type"] == "literal_error":
        must = f"must be one of {context['expected'].replace(' or ', ', ')}"
    for theirs, ours in WORDING.items():
        must = re.sub(theirs, ours, must)
    got = "" if isinstance(value, Mapping) else f", got {value!r}"
    return [f"{location}: {must}{got}"]


def _location(loc: tuple[int | str, ...]) -> str:
    # Pydantic adds a step for the member of a union.
    return ".".join(str(step) for step in loc if step not in {SINGLE, LIST})


def _similar(section: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    for step in loc[:-1]:
        if isinstance(step, str):
            annotation = section.model_fields[step].annotation
            models = [annotation, *get_args(annotation)]
            section = next(x for x in models if isinstance(x, type) and issubclass(x, BaseModel))
    return did_you_mean(str(loc[-1]), section.model_fields)
