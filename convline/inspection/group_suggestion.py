"""Suggest groups of images, such as those of one patient, from file names."""

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from convline.labels.groups import group_of

# person12_virus_3.jpeg; IMG_2041.jpg and IMG_2041 (2).jpg.
NUMBERED = r"((?:person|patient|subject|study|case|lesion|animal|video|clip)[ _-]?\d+)"
COPIES = r"^(.+?)(?: ?\(\d+\))?\.[^.]+$"
LEAST_MATCHED = 0.3  # share of the images
LEAST_GROUPS = 10
LARGEST = 0.1  # share of the images in one group; `cat (1)`, `cat (2)` are numbers, not copies


class GroupSuggestion(NamedTuple):
    """A pattern for `organize.group_pattern`, and what it finds.

    Attributes:
        pattern: a regular expression with one group.
        groups: group of each image that has one.
        several: number of groups with two images or more.
        example: one of these groups.
    """

    pattern: str
    groups: dict[str, str]
    several: int
    example: str


def suggest_groups(names: Collection[str]) -> GroupSuggestion | None:
    """Return the first pattern that finds plausible groups in file names; None if none does."""
    files = {name.rsplit("/", 1)[-1] for name in names}
    # Where several folders have a 0001.jpg, equal names are not copies.
    patterns = [NUMBERED, COPIES] if len(files) == len(names) else [NUMBERED]
    for pattern in patterns:
        found = {name: group for name in names if (group := group_of(name, pattern))}
        sizes = Counter(found.values())
        several = sorted(group for group, size in sizes.items() if size > 1)
        if (
            several
            and len(found) >= LEAST_MATCHED * len(names)
            and len(sizes) >= LEAST_GROUPS
            and max(sizes.values()) <= LARGEST * len(names)
        ):
            return GroupSuggestion(pattern, found, len(several), several[0])
    return None
