"""Time two sides in turn, A B A B, so that a slow minute slows both."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.usage import Usage, measured

# Does the work once and returns the number of images, rows or steps.
Side = Callable[[], int]


class NotMeasured(Exception):
    """The peer is not installed; the text states what to do."""


@dataclass(frozen=True)
class Timing:
    """What `in_turn` measured.

    Attributes:
        items: number of images, rows or steps per round.
        ours: what our side took, per round.
        theirs: what the peer took, per round.
    """

    items: int
    ours: list[Usage]
    theirs: list[Usage]

    @property
    def ratios(self) -> list[float]:
        """Return the speed of our side divided by that of the peer, per round."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return [theirs.seconds / ours.seconds for ours, theirs in pairs]

    @property
    def ratio(self) -> float:
        """Return the median ratio, which one disturbed round does not change."""
        return statistics.median(self.ratios)


class Limit(NamedTuple):
    """The speed that no code around the same arithmetic exceeds on this machine.

    Attributes:
        what: what was measured alone.
        rate: its items per second.
    """

    what: str
    rate: float


class Result(NamedTuple):
    """What a row measured.

    Attributes:
        timing: both sides.
        limit: the limit of our side; None where the peer is the limit.
        note: one remark.
    """

    timing: Timing
    limit: Limit | None = None
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: `python -m benchmarks <name>`.
        what: what is measured.
        against: the peer.
        unit: images, rows or steps; None to report seconds.
        goal: the ratio to reach.
        measure: function that measures it.
        long: True to measure it only by name.
    """

    name: str
    what: str
    against: str
    unit: str | None
    goal: float
    measure: Callable[[], Result]
    long: bool = False


def in_turn(
    ours: Side,
    theirs: Side,
    rounds: int,
    *,
    warm_up: bool = True,
    measure: Callable[[Side], tuple[int, Usage]] = measured,
) -> Timing:
    """Measure both sides `rounds` times, ours first in each round.

    Args:
        ours: our side.
        theirs: the peer.
        rounds: number of measured rounds.
        warm_up: run each side once before, to fill the system's file cache and trace graphs.
        measure: function that calls a side.

    Raises:
        ValueError: the two did not do the same amount of work.
    """
    if warm_up:
        ours()
        theirs()
    counts = set()
    usages: tuple[list[Usage], list[Usage]] = ([], [])
    for _ in range(rounds):
        for side, own in zip((ours, theirs), usages, strict=True):
            count, usage = measure(side)
            counts.add(count)
            own.append(usage)
    if len(counts) != 1:
        raise ValueError(f"the rounds worked on different amounts: {sorted(counts)}")
    return Timing(counts.pop(), *usages)


def best_rate(side: Side, rounds: int) -> float:
    """Return items per second of a side in its fastest round, after one that is not measured."""
    side()
    turns = [measured(side) for _ in range(rounds)]
    return max(items / usage.seconds for items, usage in turns)


def without_start(timing: Timing, start: Timing) -> str:
    """Return a note on the same rounds without the start of both processes.

    Args:
        timing: the whole processes.
        start: processes that only import the same modules.
    """
    ours, theirs = (
        timing.items / (median_seconds(whole) - median_seconds(begin))
        for whole, begin in ((timing.ours, start.ours), (timing.theirs, start.theirs))
    )
    return f"without process start {ours:,.0f} against {theirs:,.0f}, {ours / theirs:.2f} times"


def median_seconds(usages: list[Usage]) -> float:
    """Return the median time of the rounds."""
    return statistics.median(usage.seconds for usage in usages)
