"""Available memory, honouring container limits."""

from pathlib import Path

import psutil

CONTAINER = Path("/sys/fs/cgroup")  # Linux, control groups version 2


def fits(size: int) -> bool:
    """Return True if `size` bytes are at most half of the available memory."""
    return size <= available() // 2


def available() -> int:
    """Return the available memory in bytes, of the machine or of a container with a lower limit."""
    free = int(psutil.virtual_memory().available)
    try:
        limit, used, stat = (
            (CONTAINER / f"memory.{name}").read_text("ascii") for name in ("max", "current", "stat")
        )
    except OSError:
        return free
    if limit.strip() == "max":
        return free
    # The cache of files counts as used, but the system frees it on demand.
    pages = dict(line.split() for line in stat.splitlines())["inactive_file"]
    return min(free, max(int(limit) - int(used) + int(pages), 0))
