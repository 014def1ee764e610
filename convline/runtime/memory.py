"""How much memory there is: what is kept in it is kept by size, not by hope."""

from pathlib import Path

import psutil

CONTAINER = Path("/sys/fs/cgroup")  # Linux, control groups version 2


def fits(size: int) -> bool:
    """Whether `size` bytes are at most half of the memory that is free here."""
    return size <= available() // 2


def available() -> int:
    """Bytes that this machine, or the container with a limit of its own, can still give."""
    free = int(psutil.virtual_memory().available)
    try:
        limit, used, stat = (
            (CONTAINER / f"memory.{name}").read_text() for name in ("max", "current", "stat")
        )
    except OSError:
        return free
    if limit.strip() == "max":
        return free
    # Pages of files count as used, though the system gives them up when memory is asked for.
    pages = dict(line.split() for line in stat.splitlines())["inactive_file"]
    return min(free, max(int(limit) - int(used) + int(pages), 0))
