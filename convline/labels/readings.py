"""Show the ways to read a tree of folders, each with its counts and the params that select it."""

import glob
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from convline.images.path_selection import matches_glob
from convline.labels.label_set import LabelSet
from convline.runtime.errors import UserError

Folder = tuple[str, ...]
Reading = tuple[Counter[str], list[str]]

MAX_CLASSES = 4  # shown per reading
MAX_READINGS = 8
MAX_VARIANTS = 6  # folders of one level, such as color, grayscale and segmented


def describe_readings(
    names: Sequence[str], folders: Iterable[Folder], read: Callable[[list[str]], LabelSet]
) -> str:
    """Return the ways to read classes from paths, a paragraph for each.

    Args:
        names: the images in question.
        folders: their folders, without split folders.
        read: reads classes from folders, for a part of the images.
    """
    levels = _names_by_level(folders)
    readings = [*_by_level(names, levels), *_of_parts(names, levels, read)]
    shown = [_paragraph(*reading) for reading in readings if len(reading[0]) > 1]
    more = [f"  ... and {len(shown) - MAX_READINGS} more"] * (len(shown) > MAX_READINGS)
    return "\n".join([*shown[:MAX_READINGS], *more])


def count_by_pattern(names: Iterable[str], pattern: str) -> Counter[str]:
    """Return the number of images of each class, with `organize.labels_from: path`."""
    found = (re.search(pattern, name) for name in names)
    return Counter(match.group(1) for match in found if match)


def pattern_of_level(above: int) -> str:
    """Return the pattern of the folder that is `above` levels above the last one."""
    return f"([^/]+)/{'[^/]+/' * above}[^/]+$"


def show_counts(classes: Counter[str]) -> str:
    """Return `cat 20, dog 30`, shortened after some classes."""
    shown = ", ".join(f"{name} {classes[name]:,}" for name in sorted(classes)[:MAX_CLASSES])
    return f"{shown} and {len(classes) - MAX_CLASSES} more" if len(classes) > MAX_CLASSES else shown


def _names_by_level(folders: Iterable[Folder]) -> list[set[str]]:
    """Return the names of the last folders, of those above them, and so on."""
    levels: list[set[str]] = []
    for folder in folders:
        for above, name in enumerate(reversed(folder)):
            if above == len(levels):
                levels.append(set())
            levels[above].add(name)
    return levels


def _by_level(names: Sequence[str], levels: list[set[str]]) -> Iterator[Reading]:
    """Yield the readings of all images, by the folders of one level."""
    for above in range(len(levels)):
        pattern = pattern_of_level(above)
        params = ["organize.labels_from: path", f"organize.label_pattern: {pattern}"]
        yield count_by_pattern(names, pattern), params


def _of_parts(
    names: Sequence[str], levels: list[set[str]], read: Callable[[list[str]], LabelSet]
) -> Iterator[Reading]:
    """Yield the readings of the images below one folder, such as `color` or `images`."""
    for level in levels:
        for folder in sorted(level) if 1 < len(level) <= MAX_VARIANTS else ():
            wanted = f"*/{glob.escape(folder)}/*"
            try:
                part = read([name for name in names if matches_glob(name, wanted)])
            except UserError:
                continue
            yield Counter(part.classes.values()), [f"organize.include: ['{wanted}']"]


def _paragraph(classes: Counter[str], params: list[str]) -> str:
    return "\n".join([f"  {show_counts(classes)}:", *(f"    {line}" for line in params)])
