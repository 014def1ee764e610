"""Time two sides in turn, A B A B, so that a slow minute slows both."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

# Does the work once and returns the number of images, rows or steps.
Side = Callable[[], int]


class NotMeasured(Exception):
    """The peer is not installed; the text states what to do."""


@dataclass(frozen=True)
class Timing:
    """The times that `in_turn` measured.

    Attributes:
        items: number of images, rows or steps per round.
        ours: seconds of our side per round.
        theirs: seconds of the peer per round.
    """

    items: int
    ours: list[float]
    theirs: list[float]

    @property
    def ratios(self) -> list[float]:
        """Return the speed of our side divided by that of the peer, per round."""
        return [theirs / ours for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    @property
    def ratio(self) -> float:
        """Return the median ratio, which one disturbed round does not change."""
        return statistics.median(self.ratios)

    @property
    def rates(self) -> tuple[float, float]:
        """Return items per second of our side and of the peer, each in its median round."""
        ours, theirs = (self.items / statistics.median(x) for x in (self.ours, self.theirs))
        return ours, theirs


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: `python -m benchmarks <name>`.
        what: what is measured.
        against: the peer.
        unit: images, rows or steps; None to report seconds.
        goal: the ratio to reach.
        measure: function that returns the timing and a note.
    """

    name: str
    what: str
    against: str
    unit: str | None
    goal: float
    measure: Callable[[], tuple[Timing, str]]


def in_turn(
    ours: Side,
    theirs: Side,
    rounds: int,
    *,
    warm_up: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> Timing:
    """Time both sides `rounds` times, ours first in each round.

    Args:
        ours: our side.
        theirs: the peer.
        rounds: number of timed rounds.
        warm_up: run each side once untimed, to fill the system's file cache and trace graphs.
        clock: function that returns seconds.

    Raises:
        ValueError: the two did not do the same amount of work.
    """
    if warm_up:
        ours()
        theirs()
    counts = set()
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for side, own in zip((ours, theirs), seconds, strict=True):
            start = clock()
            counts.add(side())
            own.append(clock() - start)
    if len(counts) != 1:
        raise ValueError(f"the rounds worked on different amounts: {sorted(counts)}")
    return Timing(counts.pop(), *seconds)


def without_start(timing: Timing, start: Timing) -> str:
    """Return a note on the same rounds without the start of both processes.

    Args:
        timing: times of the whole processes.
        start: times of processes that only import the same modules.
    """
    ours, theirs = (
        timing.items / (statistics.median(whole) - statistics.median(begin))
        for whole, begin in ((timing.ours, start.ours), (timing.theirs, start.theirs))
    )
    return f"without process start {ours:,.0f} against {theirs:,.0f}, {ours / theirs:.2f} times"
