"""Choose the path of each image, `<split>/<class>/<file>`, valid on Linux and macOS."""

import hashlib
import os
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path, PurePosixPath

from convline.images.splits import Splits
from convline.runtime.errors import UserError

MAX_NAME_BYTES = 255  # of the file systems of Linux and macOS


def target_paths(splits: Splits, labels: dict[str, str]) -> dict[str, Path]:
    """Return the path of each image; class and file name together are unique.

    File names that occur twice in a class (ignoring case, because of macOS) or are too long get a
    digest of the whole path.

    Raises:
        UserError: a class name cannot be a folder name.
    """
    split_of = {name: split for split, names in splits.items() for name in names}
    _refuse_classes({labels[name] for name in split_of})
    files = {name: PurePosixPath(name).name for name in split_of}
    taken = Counter((labels[name], _folded(file)) for name, file in files.items())
    targets = {}
    for name, file in files.items():
        too_long = len(os.fsencode(file)) > MAX_NAME_BYTES
        repeated = taken[labels[name], _folded(file)] > 1
        unique = _digested(name) if too_long or repeated else file
        targets[name] = Path(split_of[name], labels[name], unique)
    return targets


def _refuse_classes(classes: set[str]) -> None:
    same = defaultdict(list)
    for label in sorted(classes):
        same[_folded(label)].append(label)
        impossible = label.startswith(".") or "/" in label or "\0" in label or not label
        if impossible or len(os.fsencode(label)) > MAX_NAME_BYTES:
            why = "starts with a dot, has a slash or is too long"
            raise UserError(
                f"class '{label[:40]}' {why} for a folder; rename it (organize.classes)"
            )
    for first, *others in same.values():
        if others:
            why = "differ only in case, and macOS takes them for one folder"
            raise UserError(
                f"classes '{first}' and '{others[0]}' {why}; merge them (organize.classes)"
            )


def _folded(file: str) -> str:
    return unicodedata.normalize("NFC", file).casefold()


def _digested(name: str) -> str:
    path = PurePosixPath(name)
    tail = f"-{hashlib.sha256(name.encode()).hexdigest()[:12]}{path.suffix}"
    stem = path.stem.encode()[: MAX_NAME_BYTES - len(tail.encode())]
    return stem.decode(errors="ignore") + tail
