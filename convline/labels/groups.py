"""Find the group of an image, such as a patient, by `organize.group_pattern`."""

import re
from pathlib import PurePosixPath


def group_of(name: str, pattern: str | None) -> str | None:
    """Return the group in the file name, such as a patient number; None if there is none."""
    match = re.search(pattern, PurePosixPath(name).name) if pattern else None
    return (match.group(1) or None) if match else None
