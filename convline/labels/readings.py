"""Show the ways to read a tree of folders, each with its counts and the params that select it."""

import glob
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from convline.images.path_selection import matches_glob
from convline.labels.label_set import LabelSet
from convline.runtime.errors import UserError

Folder = tuple[str, ...]
Reading = tuple[Counter[str], tuple[str, ...]]

MAX_CLASSES = 4  # shown per reading
MAX_READINGS = 8
ANNOTATIONS = {"annotations", "ground_truth", "labels", "mask", "masks", "segmentation"}
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
    shown = {
        params: _paragraph(classes, params) for classes, params in readings if len(classes) > 1
    }
    more = [f"  ... and {len(shown) - MAX_READINGS} more"] * (len(shown) > MAX_READINGS)
    return "\n".join([*list(shown.values())[:MAX_READINGS], *more])


def count_by_pattern(names: Iterable[str], pattern: str) -> Counter[str]:
    """Return the number of images of each class, with `organize.labels_from: path`."""
    return Counter(filter(None, (match_label(pattern, name) for name in names)))


def match_label(pattern: str, text: str) -> str | None:
    """Return what the group of a pattern matches; slashes, which no class has, become `_`."""
    match = re.search(pattern, text)
    return match.group(1).replace("/", "_") if match and match.group(1) else None


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
    """Yield the readings of all images, by the folders of one level or of the last two together."""
    patterns = [pattern_of_level(above) for above in range(len(levels))]
    seen = []
    for pattern in [*patterns, *["([^/]+/[^/]+)/[^/]+$"] * (len(levels) > 1)]:
        classes = count_by_pattern(names, pattern)
        if classes not in seen:
            seen.append(classes)
            yield classes, ("organize.labels_from: path", f"organize.label_pattern: {pattern}")


def _of_parts(
    names: Sequence[str], levels: list[set[str]], read: Callable[[list[str]], LabelSet]
) -> Iterator[Reading]:
    """Yield the readings of the images in one folder, such as `color`, or outside of one."""
    for level in levels:
        for folder in sorted(level) if 1 < len(level) <= MAX_VARIANTS else ():
            yield from _of_part(names, "include", f"*/{glob.escape(folder)}/*", read)
    tops = sorted({name.rpartition("/")[0].rpartition("/")[0] for name in names} - {""})
    for folder in tops if len(tops) <= MAX_VARIANTS else ():
        yield from _of_part(names, "exclude", f"{glob.escape(folder)}/*", read)
    for folder in sorted(ANNOTATIONS & set[str]().union(*levels)):
        yield from _of_part(names, "exclude", f"*/{glob.escape(folder)}/*", read)


def _of_part(
    names: Sequence[str], param: str, pattern: str, read: Callable[[list[str]], LabelSet]
) -> Iterator[Reading]:
    """Yield the reading of the images that `organize.include` or `organize.exclude` leaves."""
    part = [name for name in names if matches_glob(name, pattern) == (param == "include")]
    try:
        classes = Counter(read(part).classes.values()) if part else Counter()
    except UserError:
        return
    yield classes, (f"organize.{param}: ['{pattern}']",)


def _paragraph(classes: Counter[str], params: Iterable[str]) -> str:
    return "\n".join([f"  {show_counts(classes)}:", *(f"    {line}" for line in params)])
