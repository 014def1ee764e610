"""What all sections of params.yaml have in common: the base of the schema and its types."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Rate = Annotated[float, Field(ge=0, lt=1)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
PositiveInt = Annotated[int, Field(ge=1)]
ImageSize = Annotated[list[PositiveInt], Field(min_length=2, max_length=2)]


class Impossible(ValueError):
    """Values that are valid one by one and cannot stand together: (parameter, why) pairs."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__(problems)
        self.problems = problems


class Section(BaseModel):
    """A section of params.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
