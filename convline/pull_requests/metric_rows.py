"""One table row per changed metric, with a verdict: better, worse, not significant, ..."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from convline.evaluation.display_names import lower_is_better
from convline.pull_requests.metric_differences import Difference
from convline.pull_requests.revision_results import Pair

Verdict = Literal[
    "better", "worse", "not significant", "not comparable", "no interval", "new", "removed"
]
# Names of metrics of the test split start with these.
OF_TEST = ("scratch.", "transfer.", "comparison.")


@dataclass(frozen=True)
class Row:
    """One metric before and after, its difference and the verdict."""

    name: str
    before: float | None
    after: float | None
    difference: Difference | None
    verdict: Verdict


def changed_rows(
    metrics: Mapping[str, Pair], differences: Mapping[str, Difference], comparable: bool
) -> list[Row]:
    """Return a row for each metric that changed, is new or was removed, sorted by name.

    Args:
        metrics: before and after by name.
        differences: differences with their intervals by name.
        comparable: False if the two commits were tested on different images.
    """
    return [
        judge_row(name, pair, differences.get(name), comparable or not name.startswith(OF_TEST))
        for name, pair in sorted(metrics.items())
        if _differ(*pair)
    ]


def judge_row(name: str, pair: Pair, difference: Difference | None, comparable: bool) -> Row:
    """Return the row of one metric that changed."""
    before, after = pair
    if before is None or after is None:
        return Row(name, before, after, None, "new" if before is None else "removed")
    if not comparable:
        return Row(name, before, after, None, "not comparable")
    if difference is None:
        return Row(name, before, after, None, "no interval")
    if not difference.significant:
        return Row(name, before, after, difference, "not significant")
    rose = difference.low > 0
    verdict: Verdict = "worse" if rose == lower_is_better(name) else "better"
    return Row(name, before, after, difference, verdict)


def _differ(before: float | None, after: float | None) -> bool:
    """Return True for a change beyond the last bits, which depend on the order of additions."""
    if before is None or after is None:
        return before is not after
    return not math.isclose(before, after, rel_tol=1e-9)
