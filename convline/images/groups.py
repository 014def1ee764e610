"""Images that belong together, such as those of one patient: `organize.group_pattern`."""

import re
from pathlib import PurePosixPath


def group_of(name: str, pattern: str | None) -> str | None:
    """Return what `organize.group_pattern` finds in the file name, such as a patient number."""
    match = re.search(pattern, PurePosixPath(name).name) if pattern else None
    return (match.group(1) or None) if match else None
