"""Time two ways to the same end in turn, A B A B, so that a slower minute slows both.

Nothing of TensorFlow here.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

# Does the work once; returns how many images, rows or steps that was.
Side = Callable[[], int]


class NotMeasured(Exception):
    """The peer is not installed; the text says how to get it."""


@dataclass(frozen=True)
class Timing:
    """What `in_turn` saw.

    Attributes:
        items: how many images, rows or steps each round of each side worked on.
        ours: seconds of our side, round by round.
        theirs: seconds of the peer in the same rounds.
    """

    items: int
    ours: list[float]
    theirs: list[float]

    @property
    def ratios(self) -> list[float]:
        """How many times as fast as the peer we are, round by round."""
        return [theirs / ours for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the ratios: one disturbed round does not move it."""
        return statistics.median(self.ratios)

    @property
    def rates(self) -> tuple[float, float]:
        """Items per second of our side and of the peer, each in its median round."""
        ours, theirs = (self.items / statistics.median(x) for x in (self.ours, self.theirs))
        return ours, theirs


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: `python -m benchmarks <name>`.
        what: what is measured.
        against: the peer.
        unit: what is counted: images, rows or steps; None where seconds say more.
        goal: the ratio that we want.
        measure: does it; returns the timing and what else there is to say.
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
        rounds: how many.
        warm_up: run each side once before, untimed: files come to the system's cache, graphs are
            traced.
        clock: seconds.

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
    """A sentence on the same rounds, less the time in which both sides started.

    Args:
        timing: of whole processes.
        start: of processes that only import what those do.
    """
    ours, theirs = (
        timing.items / (statistics.median(whole) - statistics.median(begin))
        for whole, begin in ((timing.ours, start.ours), (timing.theirs, start.theirs))
    )
    return f"without process start {ours:,.0f} against {theirs:,.0f}, {ours / theirs:.2f} times"
