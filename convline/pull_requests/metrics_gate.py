"""gate.yaml: by how much a pull request may make a metric worse. The file is optional.

- metric: transfer.accuracy
may_fall_by: 0.01
- metric: transfer.loss
may_rise_by: 0.05
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from convline.evaluation.display_names import lower_is_better
from convline.params.loading import did_you_mean, parse
from convline.params.schema_base import Problems, Section
from convline.runtime.errors import UserError

GATE = Path("gate.yaml")
Outcome = Literal["passed", "failed", "not judged"]


class Limit(Section):
    """How much worse one metric may become."""

    metric: str
    may_fall_by: Annotated[float, Field(ge=0)] | None = None
    may_rise_by: Annotated[float, Field(ge=0)] | None = None

    def _problems(self) -> Problems:
        low = lower_is_better(self.metric)
        right, wrong = ("may_rise_by", "may_fall_by") if low else ("may_fall_by", "may_rise_by")
        if getattr(self, wrong) is not None or getattr(self, right) is None:
            which = "lower" if low else "higher"
            why = f"is required for {self.metric}, where {which} is better"
            yield right, why

    @property
    def worse_by(self) -> float:
        """Return the value of the one limit that is set."""
        limit = self.may_rise_by if self.may_fall_by is None else self.may_fall_by
        assert limit is not None  # noqa: S101, one of them is set: see above
        return limit


class Gate(Section):
    """The contents of gate.yaml."""

    limits: list[Limit]


def load_gate(path: Path = GATE) -> list[Limit]:
    """Read the limits; there are none without the file.

    Raises:
        UserError: the file is not valid YAML, or not a valid gate.
    """
    if not path.exists():
        return []
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML:\n{error}") from None
    return parse(Gate, {"limits": content}, str(path)).limits


def judge(
    limits: Sequence[Limit],
    before: Mapping[str, float],
    after: Mapping[str, float],
    incomparable: str,
) -> list[tuple[Outcome, str]]:
    """Return the outcome of each limit and the reason.

    A limit is "not judged" if the metrics are of other images; the gate then fails. A new metric
    passes, since there is no earlier value.

    Args:
        limits: limits of gate.yaml.
        before: metrics of the base by name.
        after: metrics of the working folder by name.
        incomparable: why the two cannot be compared; empty if they can.
    """
    return [_judge(limit, before, after, incomparable) for limit in limits]


def _judge(
    limit: Limit, before: Mapping[str, float], after: Mapping[str, float], incomparable: str
) -> tuple[Outcome, str]:
    name = limit.metric
    if name not in after:
        hint = did_you_mean(name, after)
        return "failed", f"`{name}` in {GATE} is not a metric of this run{hint}"
    if name not in before:
        return "passed", f"`{name}` is new"
    if incomparable:
        return "not judged", f"`{name}`: {incomparable}; a reviewer must decide"
    fall = before[name] - after[name]
    worse = -fall if lower_is_better(name) else fall
    verb = "rose" if after[name] > before[name] else "fell"
    moved = f"`{name}` {verb} by {abs(fall):.4f}" if fall else f"`{name}` did not change"
    # 0.9 - 0.8 is 0.09999999999999998 and must count as 0.1.
    outcome: Outcome = "failed" if round(worse - limit.worse_by, 12) > 0 else "passed"
    return outcome, f"{moved} (limit: {limit.worse_by:g} worse)"
