"""The comparison as a reviewer reads it, in Markdown."""

from collections.abc import Iterable
from dataclasses import dataclass

from convline.pull_requests.base_commit import Base
from convline.pull_requests.metric_rows import Row
from convline.pull_requests.metrics_gate import Outcome
from convline.pull_requests.revision_results import Pair
from convline.reporting.markdown import code, table

# Another preset changes more; a comment on GitHub holds 65,536 characters.
MAX_PARAMS = 60
MAX_NAMES = 12
MINUS = "\N{MINUS SIGN}"
SIGNIFICANCE = (
    "The table lists only metrics that changed. A change is significant if the 95 % interval of "
    "the difference excludes zero and, for scores of predicted classes, a randomization test gives "
    "p < 0.05. About 1 in 20 metrics appears significant by chance. The interval covers the choice "
    "of test images, not the training seed."
)


@dataclass(frozen=True)
class Review:
    """The result of a comparison.

    Attributes:
        head: the commit under review, with "with changes" if files are uncommitted.
        base: the commit it is compared with.
        failures: reasons why the pull request must not be merged as it is.
        notes: what a reviewer must know to read the metrics.
        params: changed params, before and after, by name.
        rows: changed metrics.
        gate: outcome of each limit of gate.yaml, and the reason.
        sentences: which model is better, before and after.
        comparable: False if the two commits were tested on different images.
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
        """Return True if the comparison must fail the pull request."""
        return bool(self.failures) or any(outcome != "passed" for outcome, _ in self.gate)

    @property
    def title(self) -> str:
        """Return the heading, which names both commits."""
        name, commit = self.base.name, self.base.commit
        base = commit[:7] if commit.startswith(name) else f"{code(name)} ({commit[:7]})"
        return f"{self.head} compared with {base}"

    def markdown(self) -> str:
        """Return the whole review in the Markdown of GitHub and GitLab."""
        sections = [
            f"## {self.title}",
            self._verdict(),
            _bullets("### Notes", [*self.failures, *self.notes]),
            _bullets("### Gate", [f"{outcome}: {why}" for outcome, why in self.gate]),
            self._models(),
            self._params(),
            self._metrics(),
        ]
        return "\n\n".join(filter(None, sections)) + "\n"

    def _verdict(self) -> str:
        found = {v: [x.name for x in self.rows if x.verdict == v] for v in ("worse", "better")}
        moved = [f"Significantly {v}: {listed(names)}." for v, names in found.items() if names]
        summary = " ".join(moved) or "No metric changed significantly."
        if not self.comparable:
            summary = "The metrics of the test split cannot be compared."
        if self.failures:
            return f"**Failed**: see the notes. {summary}"
        if self.failed:
            return f"**Failed**: the gate. {summary}"
        return f"**Passed**. {summary}"

    def _models(self) -> str:
        before, after = self.sentences
        if not before or not after or before == after:
            return after
        return f"- Before: {before}\n- Now: {after}"

    def _params(self) -> str:
        if not self.params:
            return "No params changed."
        shown = list(self.params.items())[:MAX_PARAMS]
        rows = [[code(name), _value(old), _value(new)] for name, (old, new) in shown]
        more = len(self.params) - len(shown)
        return (
            "### Params\n\n"
            + table(["param", "before", "now"], rows)
            + (f"\n\nAnd {more} more." if more else "")
        )

    def _metrics(self) -> str:
        if not self.rows:
            return "No metrics changed."
        scores = [row for row in self.rows if row.name.startswith(("scratch.", "transfer."))]
        others = [row for row in self.rows if row not in scores]
        header = ["metric", "before", "now", "difference", "95 % interval", "verdict"]
        sections = []
        if scores:
            rows = table(header, [_cells(row) for row in scores])
            sections += ["### Metrics of the test split", rows, SIGNIFICANCE]
        if others:
            rest = table(header[:4], [_cells(row)[:4] for row in others])
            sections += [f"<details><summary>Other metrics</summary>\n\n{rest}\n\n</details>"]
        return "\n\n".join(sections)


def listed(names: Iterable[str]) -> str:
    """Return the first twelve names as inline code, and how many more there are."""
    shown = [code(name) for name in names]
    more = f" and {len(shown) - MAX_NAMES} more" if len(shown) > MAX_NAMES else ""
    return ", ".join(shown[:MAX_NAMES]) + more


def _cells(row: Row) -> list[str]:
    change = ""
    if row.before is not None and row.after is not None:
        change = f"{row.after - row.before:+.4f}"
    span = f"{row.difference.low:+.4f} to {row.difference.high:+.4f}" if row.difference else ""
    verdict = f"**{row.verdict}**" if row.verdict in {"better", "worse", "removed"} else row.verdict
    numbers = [_number(row.before), _number(row.after), change, span]
    return [code(row.name), *(text.replace("-", MINUS) for text in numbers), verdict]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _value(value: object) -> str:
    return "*none*" if value is None else code(str(value))


def _bullets(title: str, lines: list[str]) -> str:
    return "\n".join([title, "", *(f"- {line}" for line in lines)]) if lines else ""
