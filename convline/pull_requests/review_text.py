"""What a reviewer of a pull request reads, in Markdown."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from convline.evaluation.titles import lower_is_better
from convline.pull_requests.base_commit import Base
from convline.pull_requests.metric_noise import Difference
from convline.pull_requests.metrics_gate import State as Outcome
from convline.pull_requests.revision_states import Pair
from convline.reporting.markdown import code, table

Verdict = Literal[
    "better", "worse", "within noise", "not comparable", "noise unknown", "new", "gone"
]
# What the names of metrics of the test split start with.
OF_TEST = ("scratch.", "transfer.", "comparison.")
# Of a pull request that applies another preset.
MOST_PARAMS = 60
MOST_NAMES = 12


@dataclass(frozen=True)
class Row:
    """One metric: before, after, how far apart, what that means."""

    name: str
    before: float | None
    after: float | None
    difference: Difference | None
    verdict: Verdict


def judge_row(name: str, pair: Pair, difference: Difference | None, incomparable: bool) -> Row:
    """Say of a metric that changed whether it is better, worse or within noise."""
    before, after = pair
    if before is None or after is None:
        return Row(name, before, after, None, "new" if before is None else "gone")
    if incomparable:
        return Row(name, before, after, None, "not comparable")
    if difference is None:
        return Row(name, before, after, None, "noise unknown")
    if not difference.real:
        return Row(name, before, after, difference, "within noise")
    rose = difference.low > 0
    verdict: Verdict = "worse" if rose == lower_is_better(name) else "better"
    return Row(name, before, after, difference, verdict)


@dataclass(frozen=True)
class Review:
    """All that is said.

    Attributes:
        head: the commit that is compared, with what is not committed yet.
        base: what it is compared with.
        failures: why the pull request must not land as it is.
        notes: what a reviewer must know first.
        params: that changed, before and after.
        rows: metrics that changed.
        gate: the outcome of each limit, and why.
        sentences: which model is better, before and after.
        comparable: whether both were tested on the same images.
    """

    head: str
    base: Base
    failures: list[str]
    notes: list[str]
    params: dict[str, Pair]
    rows: list[Row]
    gate: list[tuple[Outcome, str]]
    sentences: tuple[str, str]
    comparable: bool

    @property
    def failed(self) -> bool:
        """Whether the pull request must not land as it is."""
        return bool(self.failures) or any(outcome != "passed" for outcome, _ in self.gate)

    def markdown(self) -> str:
        """The whole, as GitHub and GitLab show it."""
        sections = [
            f"## {self.title}",
            self._verdict(),
            _bullets("### Know this first", [*self.failures, *self.notes]),
            _bullets("### Gate", [f"{outcome}: {why}" for outcome, why in self.gate]),
            self._models(),
            self._params(),
            self._figures(),
        ]
        return "\n\n".join(filter(None, sections)) + "\n"

    @property
    def title(self) -> str:
        """Which commits."""
        name, commit = self.base.name, self.base.commit
        base = commit[:7] if commit.startswith(name) else f"{code(name)} ({commit[:7]})"
        return f"{self.head} compared with {base}"

    def _verdict(self) -> str:
        by = {v: [row.name for row in self.rows if row.verdict == v] for v in ("worse", "better")}
        moved = [f"{verdict}: {listed(names)}" for verdict, names in by.items() if names]
        noise = f"Beyond noise {'; '.join(moved)}." if moved else "No figure moved beyond noise."
        if not self.comparable:
            noise = "The figures of the test split cannot be compared."
        if self.failures:
            return f"**Failed**: see below. {noise}"
        if self.failed:
            return f"**Failed**: the gate. {noise}"
        return f"**Passed**. {noise}"

    def _models(self) -> str:
        before, after = self.sentences
        if not before or not after or before == after:
            return after
        return f"- Before: {before}\n- Now: {after}"

    def _params(self) -> str:
        if not self.params:
            return "No param changed."
        shown = list(self.params.items())[:MOST_PARAMS]
        rows = [[code(name), _value(old), _value(new)] for name, (old, new) in shown]
        more = len(self.params) - len(shown)
        return (
            "### Params\n\n"
            + table(["param", "before", "now"], rows)
            + (f"\n\nAnd {more} more." if more else "")
        )

    def _figures(self) -> str:
        if not self.rows:
            return "No figure changed."
        judged = [row for row in self.rows if row.name.startswith(("scratch.", "transfer."))]
        others = [row for row in self.rows if row not in judged]
        header = ["metric", "before", "now", "difference", "95 % interval", ""]
        text = "### Figures of the test split\n\n" + table(header, [_cells(row) for row in judged])
        if judged:
            text += (
                "\n\nOnly what changed. Beyond noise: the interval of the difference keeps to one "
                "side of zero and, for scores of the predicted classes, a randomization test "
                "agrees. "
                "Of 20 figures one does so by chance. Another seed is not covered."
            )
        rest = table(header[:4], [_cells(row)[:4] for row in others])
        details = f"<details><summary>Other figures</summary>\n\n{rest}\n\n</details>"
        return "\n\n".join(filter(None, [text if judged else "", details if others else ""]))


def listed(names: Iterable[str]) -> str:
    """Names as code, the first twelve."""
    shown = [code(name) for name in names]
    more = f" and {len(shown) - MOST_NAMES} more" if len(shown) > MOST_NAMES else ""
    return ", ".join(shown[:MOST_NAMES]) + more


def _cells(row: Row) -> list[str]:
    known = row.before is not None and row.after is not None
    difference = f"{row.after - row.before:+.4f}" if known else ""  # type: ignore[operator]
    span = f"{row.difference.low:+.4f} to {row.difference.high:+.4f}" if row.difference else ""
    verdict = f"**{row.verdict}**" if row.verdict in {"better", "worse", "gone"} else row.verdict
    change = [text.replace("-", "\N{MINUS SIGN}") for text in (difference, span)]
    return [code(row.name), _figure(row.before), _figure(row.after), *change, verdict]


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    text = f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
    return text.replace("-", "\N{MINUS SIGN}")


def _value(value: object) -> str:
    if value is None:
        return "*none*"
    return code(str(value))


def _bullets(title: str, lines: list[str]) -> str:
    return "\n".join([title, "", *(f"- {line}" for line in lines)]) if lines else ""
