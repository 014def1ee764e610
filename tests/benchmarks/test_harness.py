"""The arithmetic of the benchmarks."""

import itertools

import pytest

from benchmarks.harness import Timing, in_turn, without_start


def test_the_sides_take_turns_after_one_untimed_round_of_each():
    order, times = [], itertools.count()
    ours, theirs = (lambda side=side: order.append(side) or 7 for side in "AB")
    timing = in_turn(ours, theirs, 3, clock=lambda: next(times) ** 2)
    assert "".join(order) == "ABABABAB"
    # Two readings of the clock, 0 1 4 9 16 ..., around each of the six timed turns.
    assert timing == Timing(7, [1, 9, 17], [5, 13, 21])
    order.clear()
    in_turn(ours, theirs, 1, warm_up=False)
    assert "".join(order) == "AB"


def test_sides_with_different_amounts_of_work_are_an_error():
    with pytest.raises(ValueError, match=r"different amounts: \[6, 7\]"):
        in_turn(lambda: 6, lambda: 7, 1)


def test_the_ratio_is_the_median_of_the_rounds():
    timing = Timing(120, [1, 2, 4], [6, 4, 100])
    assert timing.ratios == [6, 2, 25]
    assert timing.ratio == 6
    assert timing.rates == (60, 20)


def test_the_start_of_processes_is_subtracted():
    start = Timing(0, [1.0], [2.0])
    note = without_start(Timing(100, [2.0, 2.0], [7.0, 7.0]), start)
    assert note == "without process start 100 against 20, 5.00 times"
