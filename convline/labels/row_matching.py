"""Match the rows of a table to the images that they name by path, file name or id."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

from convline.labels.split_folders import split_of_path

# Endings that a table may give where the archive has another one.
ENDING = re.compile(
    r"\.(jpe?g|jpe|jfif|png|bmp|dib|gif|tiff?|webp|avif|hei[cf]|jp2|j2k|tga|ico|p[bgnp]m|dcm|nii"
    r"|npy|raw|dng|cr2|nef|svg|txt|xml|json)$",
    re.IGNORECASE,
)
FLOAT = re.compile(r"(?<![^/])(\d+)\.0+$")  # pandas writes ids as 1.0 where one is missing
BLANKS = re.compile(r"\s+")
LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")


@dataclass
class Matches:
    """Images of the rows, by the rows' ids.

    Attributes:
        images: names of the images of each id that matches; the content of several is equal.
        inexact: the ids in `images` whose spelling or folders differ from the image's.
        doubtful: images with different contents for each id that may mean any of them.
    """

    images: dict[str, list[str]] = field(default_factory=dict)
    inexact: list[str] = field(default_factory=list)
    doubtful: dict[str, list[str]] = field(default_factory=dict)


def match_rows(
    ids: Iterable[str], images: Iterable[str], content: Callable[[str], object]
) -> Matches:
    """Match each id to the image with which it has the longest end of the path in common.

    An id may lack the ending and the first folders of the image's path. If no other row names an
    image of that name, an id may also have other folders, such as `/data/upload/1/x.jpg`, except
    for another split's; and if the image is the only one, the id may differ in case, in blanks,
    in leading zeros, in its ending, and in `.0` behind a number. The time grows linearly with both
    numbers.

    Args:
        ids: cells of the table's column that identifies images.
        images: paths in the archive.
        content: function that returns equal values for images that are equal.
    """
    images = list(images)
    matches = Matches()
    taken: set[str] = set()
    paths = {key: path for key in dict.fromkeys(ids) if (path := _path(key))}
    for loose in (False, True):
        left = [row for row in paths if row not in matches.images and row not in matches.doubtful]
        if not left:
            break
        ends = {row: list(_loose_ends(paths[row]) if loose else _ends(paths[row])) for row in left}
        index = _index(images, loose, {end for several in ends.values() for end in several})
        rows: dict[str, list[str]] = defaultdict(list)
        for row, several in ends.items():
            if longest := next((end for end in several if end in index), None):
                rows[longest].append(row)
        for key in sorted(rows, key=lambda key: (-key.count("/"), -len(key), key)):
            whole = [row for row in rows[key] if paths[row].count("/") == key.count("/")]
            exact = bool(whole) and not loose
            free = [name for name in index[key] if name not in taken]
            if not exact:
                touched = len(free) < len(index[key])  # Other rows name these images better.
                row = paths[rows[key][0]]
                free = [name for name in free if not touched and not _other_split(row, name)]
            named = whole or rows[key]
            if len({paths[row] for row in named}) > 1 or not free:
                continue
            if len({content(name) for name in free}) > 1:
                matches.doubtful |= dict.fromkeys(named, free)
                continue
            matches.images |= dict.fromkeys(named, free)
            taken.update(free)
            if loose or not (whole or paths[named[0]].endswith(free[0])):
                matches.inexact += named
    return matches


def in_folder(name: str, folder: str) -> bool:
    """Return True if an image is below a folder, given by any part of its path."""
    return f"/{_path(folder)}/" in f"/{name}"


def _index(images: list[str], loose: bool, wanted: Set[str]) -> dict[str, list[str]]:
    """Return the images of each wanted id."""
    index: dict[str, list[str]] = defaultdict(list)
    for name in images:
        for key in _loose_ids(name) if loose else _ids(name):
            if key in wanted:
                index[key].append(name)
    return index


def _path(key: str) -> str:
    """Return a path with single slashes, without protocol, query and leading dots."""
    protocol, mark, address = key.partition("://")
    if mark and "/" not in protocol:
        key = unquote(re.split(r"[?#]", address)[0])
    return "/".join(
        x for x in key.strip().replace("\\", "/").split("/") if x not in {"", ".", ".."}
    )


def _ends(path: str) -> Iterator[str]:
    """Yield `a/b/c`, `b/c` and `c` of `a/b/c`."""
    yield path
    while "/" in path:
        path = path.partition("/")[2]
        yield path


def _ids(name: str) -> Iterator[str]:
    """Yield the ids of an image: `b/c.png`, `c.png`, `b/c` and `c` of `b/c.png`."""
    yield from _ends(name)
    stem, ending = os.path.splitext(name)  # noqa: PTH122 (100,000 names)
    if ending:
        yield from _ends(stem)


def _loose_ids(name: str) -> Iterator[str]:
    return _ends(_plain(os.path.splitext(name)[0]))  # noqa: PTH122


def _loose_ends(path: str) -> Iterator[str]:
    variants = (path, ENDING.sub("", path), FLOAT.sub(r"\1", path))
    for same_length in zip(*(_ends(_plain(path)) for path in variants), strict=True):
        yield from same_length


def _plain(path: str) -> str:
    """Return a path without differences in case, Unicode form, blanks and leading zeros."""
    path = BLANKS.sub(" ", unicodedata.normalize("NFC", path).casefold().strip())
    return LEADING_ZEROS.sub("", path.replace("/ ", "/").replace(" /", "/"))


def _other_split(row: str, name: str) -> bool:
    splits = {_split_of(path.rpartition("/")[0]) for path in (row, name)}
    return len(splits - {None}) > 1


@lru_cache(maxsize=1 << 16)
def _split_of(folder: str) -> str | None:
    return split_of_path(f"{folder}/", {})
