"""Collect chosen params into the text of a params.yaml; what the user set is kept."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from typing import Any

from convline.inspection.choice import Choice
from convline.params.loading import validate
from convline.params.presets import change_default, load_default, nested, overlay, parse_value
from convline.params.schema import Params


class Draft:
    """A params.yaml that grows.

    Attributes:
        choices: what was chosen, in order.
        given: the parameters that the user set, such as `train.dropout`.
    """

    def __init__(self, download: dict[str, Any], values: Sequence[str]) -> None:
        """Start with the default params.

        Args:
            download: parameters of the section download.
            values: `section.parameter=value`, with the value as YAML; they replace choices.

        Raises:
            UserError: a value is not valid YAML or has no name.
        """
        self._default = load_default()
        self._download = {"download": download}
        self._values = [parse_value(value) for value in values]
        self.given = {value.partition("=")[0] for value in values}
        self.choices: list[Choice] = []

    def add(self, choices: Iterable[Choice]) -> None:
        """Add choices, except for parameters that the user set."""
        self.choices += [choice for choice in choices if not self.sets(choice.param)]

    def sets(self, *params: str) -> bool:
        """Return True if the user set one of these parameters or sections."""
        return any(
            given == param or given.startswith(f"{param}.")
            for given in self.given
            for param in params
        )

    def text(self, title: str) -> str:
        """Return the text of params.yaml with this first line."""
        return change_default(title, self._changes())

    def params(self) -> Params:
        """Return the params.

        Raises:
            UserError: the user's values do not fit.
        """
        params = deepcopy(self._default)
        for change in self._changes():
            overlay(params, change)
        return validate(params, "the new params.yaml")

    def _changes(self) -> list[dict[str, Any]]:
        # Copies: a change must not reach into the lists and sections of another one.
        chosen = [nested(choice.param, choice.value) for choice in self.choices]
        return deepcopy([self._download, *chosen, *self._values])
