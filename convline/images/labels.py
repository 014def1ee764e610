"""Derive the class and the original split of each image from an archive."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from convline.images.table_labels import labels_from_table
from convline.params.schema import Organize
from convline.runtime.errors import UserError

SPLIT_FOLDERS = {
    **dict.fromkeys(("train", "training", "train_set", "training_set"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "val_set", "validation_set"), "validation"),
    **dict.fromkeys(("test", "testing", "test_set", "testing_set"), "test"),
}


def find_labels(contents: Mapping[str, bytes], archive: Path, organize: Organize) -> dict[str, str]:
    """Return the class of each image that has one and is selected by `organize.classes`.

    With `organize.labels_from: folder`, the class is the name of the image's folder, unless that is
    a split folder; with `filename`, the group of `organize.label_pattern` in the file name; with
    `csv`, it is read from a table in the archive. `organize.classes` then selects, renames and
    merges classes.

    Args:
        contents: a digest of each image's bytes by its path inside the archive.
        archive: the archive, in which the table is.
        organize: the section `organize`.

    Raises:
        UserError: the table or a class of `organize.classes` is missing, or the table is not valid.
    """
    if organize.labels_from == "csv":
        labels = labels_from_table(contents, archive, organize).classes
    elif organize.labels_from == "filename":
        labels = {name: _from_filename(name, organize.label_pattern) for name in contents}
    else:
        labels = {name: _from_folder(name) for name in contents}
    labels = {name: label for name, label in labels.items() if label not in {"", ".", ".."}}
    return _select(labels, organize.classes) if organize.classes else labels


def split_of(name: str) -> str | None:
    """Return the split of the outermost folder named like one (`train`, `val`, `test_set` ...)."""
    for folder in name.split("/")[:-1]:
        if folder.lower() in SPLIT_FOLDERS:
            return SPLIT_FOLDERS[folder.lower()]
    return None


def _from_folder(name: str) -> str:
    folder = PurePosixPath(name).parent.name
    return "" if folder.lower() in SPLIT_FOLDERS else folder


def _from_filename(name: str, pattern: str) -> str:
    match = re.search(pattern, PurePosixPath(name).name)
    return (match.group(1) if match else None) or ""


def _select(labels: Mapping[str, str], classes: Mapping[str, str]) -> dict[str, str]:
    there = set(labels.values())
    for wanted in classes:
        if wanted not in there:
            close = difflib.get_close_matches(wanted, there, n=1)
            hint = f", did you mean '{close[0]}'?" if close else ""
            raise UserError(f"organize.classes: no image has the class '{wanted}'{hint}")
    return {name: classes[label] for name, label in labels.items() if label in classes}
