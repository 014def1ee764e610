"""What a path inside an archive says of an image: its class, and the split it came in."""

import re
from pathlib import PurePosixPath

from stages.common.schema import Organize

SPLITS = ("train", "validation", "test")

SPLIT_FOLDERS = {
    **dict.fromkeys(("train", "training", "train_set", "training_set"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "val_set", "validation_set"), "validation"),
    **dict.fromkeys(("test", "testing", "test_set", "testing_set"), "test"),
}


def label_of(name: str, organize: Organize) -> str | None:
    """The class of an image, or None where its path does not say.

    `organize.labels: folder` takes the folder that holds the image, unless that is a split folder;
    `filename` takes the group of `organize.filename_pattern`, searched in the file name.
    """
    path = PurePosixPath(name)
    if organize.labels == "filename":
        match = re.search(organize.filename_pattern, path.name)
        label = match.group(1) if match else None
    else:
        label = path.parent.name if path.parent.name.lower() not in SPLIT_FOLDERS else None
    return None if label in {None, "", ".", ".."} else label


def split_of(name: str) -> str | None:
    """The split whose folder (`train`, `val`, `test_set` ...) the image is in, outermost first."""
    for folder in PurePosixPath(name).parts[:-1]:
        if folder.lower() in SPLIT_FOLDERS:
            return SPLIT_FOLDERS[folder.lower()]
    return None
