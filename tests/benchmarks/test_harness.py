"""The arithmetic of the benchmarks."""

import subprocess
import sys
import time

import pytest

from benchmarks.harness import Timing, best_rate, in_turn, without_start
from benchmarks.usage import Usage, measured

KEEP_100_MB = "import time; x = b'1' * 100_000_000; time.sleep(0.5)"


def test_the_sides_take_turns_after_one_unmeasured_round_of_each():
    order, seconds = [], iter([1, 5, 9, 13, 17, 21])
    ours, theirs = (lambda side=side: order.append(side) or 7 for side in "AB")

    def measure(side):
        return side(), Usage(next(seconds), 0)

    timing = in_turn(ours, theirs, 3, measure=measure)
    assert "".join(order) == "ABABABAB"
    assert timing == Timing(7, usages(1, 9, 17), usages(5, 13, 21))
    order.clear()
    in_turn(ours, theirs, 1, warm_up=False)
    assert "".join(order) == "AB"


def test_sides_with_different_amounts_of_work_are_an_error():
    with pytest.raises(ValueError, match=r"different amounts: \[6, 7\]"):
        in_turn(lambda: 6, lambda: 7, 1)


def test_the_ratio_is_the_median_of_the_rounds():
    timing = Timing(120, usages(1, 2, 4), usages(6, 4, 100))
    assert timing.ratios == [6, 2, 25]
    assert timing.ratio == 6


def test_the_start_of_processes_is_subtracted():
    start = Timing(0, usages(1), usages(2))
    note = without_start(Timing(100, usages(2, 2), usages(7, 7)), start)
    assert note == "without process start 100 against 20, 5.00 times"


def test_a_limit_is_the_rate_of_the_fastest_round():
    waits = iter([0, 0.2, 0.02, 0.2])
    assert 50 < best_rate(lambda: time.sleep(next(waits)) or 2, 3) <= 100


def test_a_call_in_this_process_has_no_memory_of_its_own():
    def work():
        start = time.process_time()
        while time.process_time() < start + 0.2:
            pass
        return 3

    count, usage = measured(work)
    assert count == 3
    assert usage.seconds > 0.15
    assert 0.15 < usage.cpu_seconds < usage.seconds + 0.1
    assert usage.memory is None


def test_memory_and_processor_time_of_a_started_process_count():
    _, usage = measured(lambda: subprocess.run([sys.executable, "-c", KEEP_100_MB], check=True))
    assert 100 < usage.memory < 200
    assert 0 < usage.cpu_seconds < usage.seconds


def usages(*seconds):
    return [Usage(x, 0) for x in seconds]
