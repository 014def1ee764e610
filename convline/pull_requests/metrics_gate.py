"""gate.yaml: by how much a pull request may make a metric worse; without the file there is no gate.

As in:

    - metric: transfer.accuracy
      may_fall_by: 0.01
    - metric: transfer.loss
      may_rise_by: 0.05
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from convline.evaluation.titles import lower_is_better
from convline.params.loading import did_you_mean, parse
from convline.params.schema_base import Impossible, Section
from convline.runtime.errors import UserError

GATE = Path("gate.yaml")
State = Literal["passed", "failed", "not judged"]


class Limit(Section):
    """How much worse one metric may become."""

    metric: str
    may_fall_by: Annotated[float, Field(ge=0)] | None = None
    may_rise_by: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        low = lower_is_better(self.metric)
        right, wrong = ("may_rise_by", "may_fall_by") if low else ("may_fall_by", "may_rise_by")
        if getattr(self, wrong) is not None or getattr(self, right) is None:
            which = "lower" if low else "higher"
            raise Impossible((right, f"is what {self.metric} needs: {which} is better"))
        return self

    @property
    def worse_by(self) -> float:
        """How much."""
        limit = self.may_rise_by if self.may_fall_by is None else self.may_fall_by
        assert limit is not None  # noqa: S101, one of both is given: see above
        return limit


class Gate(Section):
    """All of gate.yaml."""

    limits: list[Limit]


def load_gate(path: Path = GATE) -> list[Limit]:
    """The limits, none where there is no file.

    Raises:
        UserError: the file is no YAML, or says what it cannot.
    """
    if not path.exists():
        return []
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no valid YAML:\n{error}") from None
    return parse(Gate, {"limits": content}, str(path)).limits


def judge(
    limits: Sequence[Limit],
    before: Mapping[str, float],
    after: Mapping[str, float],
    incomparable: str,
) -> list[tuple[State, str]]:
    """What the gate says of each limit.

    A limit that cannot be judged, since the figures are of other images, was not passed. One whose
    metric is new was: there was nothing to make worse.

    Args:
        limits: of gate.yaml.
        before: metrics by name.
        after: metrics by name.
        incomparable: why both cannot be compared; empty if they can.
    """
    return [_judge(limit, before, after, incomparable) for limit in limits]


def _judge(
    limit: Limit, before: Mapping[str, float], after: Mapping[str, float], incomparable: str
) -> tuple[State, str]:
    name = limit.metric
    if name not in after:
        hint = did_you_mean(name, after)
        return "failed", f"`{name}` is in {GATE} and not in the figures{hint}"
    if name not in before:
        return "passed", f"`{name}` is new"
    if incomparable:
        return "not judged", f"`{name}`: {incomparable}; a person must decide"
    fall = before[name] - after[name]
    worse = -fall if lower_is_better(name) else fall
    verb = "rose" if after[name] > before[name] else "fell"
    moved = f"`{name}` {verb} by {abs(fall):.4f}" if fall else f"`{name}` stayed"
    # 0.9 - 0.8 is 0.09999999999999998; what is written as equal shall be.
    if round(worse - limit.worse_by, 12) > 0:
        return "failed", f"{moved}, and may by {limit.worse_by:g}"
    return "passed", f"{moved}; up to {limit.worse_by:g} worse is allowed"
