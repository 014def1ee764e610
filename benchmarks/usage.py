"""Measure what a call takes: time, processor time and the memory of the processes it starts."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import psutil

T = TypeVar("T")
INTERVAL = 0.05  # seconds between two looks at the memory


@dataclass(frozen=True)
class Usage:
    """What one call took.

    Attributes:
        seconds: wall time.
        cpu_seconds: processor time of this process and of all that it started.
        memory: largest sum, in MB, of the memory of the processes that the call started, without
            mapped and cached file pages; None if it started none.
    """

    seconds: float
    cpu_seconds: float
    memory: float | None = None


def measured(call: Callable[[], T]) -> tuple[T, Usage]:
    """Return the result of a call and what it took."""
    done = threading.Event()
    sizes: list[float] = []
    before = {process.pid for process in _started()}

    def look() -> None:
        while not done.wait(INTERVAL):
            if new := [process for process in _started() if process.pid not in before]:
                sizes.append(sum(map(_memory, new)))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    cpu, start = _cpu_seconds(), time.perf_counter()
    try:
        result = call()
    finally:
        seconds, used = time.perf_counter() - start, _cpu_seconds() - cpu
        done.set()
        watcher.join()
    return result, Usage(seconds, used, max(sizes, default=None))


def _started() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def _cpu_seconds() -> float:
    total = 0.0
    for process in (psutil.Process(), *_started()):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _memory(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        info = process.memory_info()
        return (info.rss - getattr(info, "shared", 0)) / 1e6
    return 0.0
