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
        limit, used = ((CONTAINER / f"memory.{x}").read_text().strip() for x in ("max", "current"))
    except OSError:
        return free
    return free if limit == "max" else min(free, max(int(limit) - int(used), 0))
