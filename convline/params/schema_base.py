"""The base class of all sections of params.yaml, and the types that several of them use."""

import re
from collections.abc import Iterator
from typing import Annotated, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

T = TypeVar("T")
Rate = Annotated[float, Field(ge=0, lt=1)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
PositiveFloat = Annotated[float, Field(gt=0)]
# Upper bounds far above what anyone needs, so that a slip of the keyboard is one message here and
# not a crash for lack of memory after hours.
PositiveInt = Annotated[int, Field(gt=0, le=1_000_000_000)]
NonNegativeInt = Annotated[int, Field(ge=0, le=1_000_000_000)]
BatchSize = Annotated[int, Field(gt=0, le=100_000)]
Units = Annotated[int, Field(gt=0, le=100_000)]  # of a layer
Pixels = Annotated[int, Field(gt=0, le=10_000)]  # of a side of an image
KernelPixels = Annotated[int, Field(gt=0, le=100)]
ImageSize = Annotated[list[Pixels], Field(min_length=2, max_length=2)]

# One value for all layers, or a list with one value per layer.
SINGLE, LIST = "single value", "list of values"
OneOrMore = Annotated[
    Annotated[T, Tag(SINGLE)] | Annotated[list[T], Tag(LIST)],
    Discriminator(lambda value: LIST if isinstance(value, list) else SINGLE),
]


def _number_or_share(value: object) -> object:
    share = isinstance(value, str) and re.fullmatch(r"(\d\d?(\.\d+)?|100)%", value)
    if share or (type(value) is int and value >= 0):
        return value
    raise PydanticCustomError("number_or_share", "must be a number such as 3 or a share such as 1%")


NumberOrShare = Annotated[int | str, PlainValidator(_number_or_share)]

Problems = Iterator[tuple[str, str]]  # pairs of parameter and reason


class Impossible(ValueError):
    """Values that are valid alone but not together, as pairs of (parameter, reason)."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__(problems)
        self.problems = problems


class Section(BaseModel):
    """A section of params.yaml: no defaults, no unknown keys, no conversion of types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if problems := list(self._problems()):
            raise Impossible(*problems)
        return self

    def _problems(self) -> Problems:
        """Yield the values that are valid alone but not together."""
        return iter(())
