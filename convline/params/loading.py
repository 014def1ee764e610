"""Read params.yaml as DVC reads it, and refuse it with every mistake named at once."""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from convline.params.schema import ONE_EACH, ONE_FOR_ALL, Impossible, Params
from convline.runtime import paths
from convline.runtime.errors import UserError

Model = TypeVar("Model", bound=BaseModel)

WORDING = {
    r"^Input should be ": "must be ",
    r"a valid integer.*": "an integer",
    r"a valid ": "a ",
    r"^List should have (at \w+ \d+ items?).*": r"must have \1",
}


def load_params(path: Path = paths.PARAMS) -> Params:
    """The validated contents of `path`.

    Raises:
        UserError: the file is missing, is no YAML, or breaks the schema.
    """
    try:
        # As DVC does: YAML 1.2, in which 1e-3 is a number, `no` a string, a repeated key an error.
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"there is no {path} here; run from the root of the repository") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no valid YAML:\n{error}") from None
    return validate(content, str(path))


def validate(content: Any, name: str) -> Params:
    """`content` as `Params`; `name` says in the error what was refused."""
    return parse(Params, content, name)


def parse(model: type[Model], content: Any, name: str) -> Model:
    """`content` as a model of pydantic.

    Raises:
        UserError: what is wrong with it, all at once; `name` says what was refused.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [line for details in error.errors() for line in _describe(details, model, name)]
        raise UserError("\n".join([f"{name} is not valid:", *(f"  {x}" for x in lines)])) from None


def _describe(error: ErrorDetails, model: type[BaseModel], name: str) -> list[str]:
    """One line for each mistake: the parameter, what it must be, what it is."""
    location = _location(error["loc"])
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Impossible):
        return [
            f"{'.'.join(filter(None, (location, parameter)))}: {why}"
            for parameter, why in cause.problems
        ]
    if error["type"] == "missing":
        return [f"{location}: is missing"]
    if error["type"] == "model_type":
        return [f"{location or name}: must be a section, got {error['input']!r}"]
    if error["type"] == "extra_forbidden":
        return [f"{location}: unknown parameter{_similar(model, error['loc'])}"]
    must = error["msg"]
    for pydantic_says, we_say in WORDING.items():
        must = re.sub(pydantic_says, we_say, must)
    got = "" if isinstance(error["input"], Mapping) else f", got {error['input']!r}"
    return [f"{location}: {must}{got}"]


def _location(loc: tuple[int | str, ...]) -> str:
    # Pydantic adds a step for the member of a union.
    return ".".join(str(step) for step in loc if step not in {ONE_FOR_ALL, ONE_EACH})


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint at the word that was meant, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean '{close[0]}'?" if close else ""


def _similar(section: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    for step in loc[:-1]:
        if isinstance(step, str):
            annotation = section.model_fields[step].annotation
            models = [annotation, *get_args(annotation)]
            section = next(x for x in models if isinstance(x, type) and issubclass(x, BaseModel))
    return did_you_mean(str(loc[-1]), section.model_fields)
