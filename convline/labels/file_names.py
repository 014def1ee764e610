"""Choose the path of each image, `<split>/<class>/<file>`, valid on Linux and macOS."""

import hashlib
import os
from collections import Counter
from pathlib import Path, PurePosixPath

from convline.labels.class_names import MAX_NAME_BYTES, look_alike, refuse_unusable
from convline.labels.splits import Splits


def target_paths(splits: Splits, labels: dict[str, str]) -> dict[str, Path]:
    """Return the path of each image; class and file name together are unique.

    File names that occur twice in a class (ignoring case, because of macOS) or are too long get a
    digest of the whole path.

    Raises:
        UserError: a class name cannot be a folder name.
    """
    split_of = {name: split for split, names in splits.items() for name in names}
    refuse_unusable({labels[name] for name in split_of})
    files = {name: PurePosixPath(name).name for name in split_of}
    taken = Counter((labels[name], look_alike(file)) for name, file in files.items())
    targets = {}
    for name, file in files.items():
        too_long = len(os.fsencode(file)) > MAX_NAME_BYTES
        repeated = taken[labels[name], look_alike(file)] > 1
        unique = _digested(name) if too_long or repeated else file
        targets[name] = Path(split_of[name], labels[name], unique)
    return targets


def _digested(name: str) -> str:
    path = PurePosixPath(name)
    tail = f"-{hashlib.sha256(name.encode()).hexdigest()[:12]}{path.suffix}"
    stem = path.stem.encode()[: MAX_NAME_BYTES - len(tail.encode())]
    return stem.decode(errors="ignore") + tail
