"""Describe a parameter that was chosen for the images."""

import json
from typing import Any, NamedTuple


class Choice(NamedTuple):
    """A value for a parameter, and why.

    Attributes:
        param: section and name, such as `train.dropout`.
        value: the value.
        reason: one line without a full stop.
    """

    param: str
    value: Any
    reason: str

    def show(self) -> str:
        """Return the parameter and its value as YAML, in one line."""
        value = self.value if isinstance(self.value, str) else json.dumps(self.value)
        return f"{self.param}: {'' if self.value is None else value}"
