"""Derive the class and the original split of each image from an archive."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from convline.images.archives import read_members
from convline.images.image_tables import possible_ids, read_table
from convline.params.schema import Csv, Organize
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
        labels = _from_table(contents, _read_table(archive, organize.csv), organize.csv)
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


def _read_table(archive: Path, csv: Csv) -> dict[str, str]:
    """Return the label of each image id in the table."""
    wanted = f"/{csv.file}"
    found = read_members(archive, lambda name: f"/{name}".endswith(wanted))
    tables = {content for _, content in found}  # Equal copies count once.
    if len(tables) != 1:
        has = f"{archive.name} has {len(tables)} different files '{csv.file}'"
        raise UserError(f"organize.csv.file: {has}")
    table = read_table(tables.pop(), f"organize.csv.file: '{csv.file}'")
    for param in ("image", "label"):
        column = getattr(csv, param)
        if column not in table:
            has = ", ".join(f"'{name}'" for name in table)
            raise UserError(
                f"organize.csv.{param}: '{csv.file}' has no column '{column}'; it has {has}"
            )
    labels = table.groupby(csv.image)[csv.label]
    if table.empty:
        raise UserError(f"organize.csv.file: '{csv.file}' has no rows")
    if (different := labels.nunique()).max() > 1:
        image = different.idxmax()
        raise UserError(
            f"'{csv.file}' gives the image '{image}' {different.max()} different labels"
        )
    return dict(labels.first())


def _from_table(
    contents: Mapping[str, bytes], table: Mapping[str, str], csv: Csv
) -> dict[str, str]:
    labels: dict[str, str] = {}
    named: dict[str, str] = {}
    for name, content in contents.items():
        path = PurePosixPath(name)
        inside = csv.folder is None or csv.folder in path.parts[:-1]
        keys = possible_ids(name) if inside else ()
        key = next((key for key in keys if key in table), None)
        labels[name] = "" if key is None else table[key]
        # Kaggle's test/1.png is not train/1.png, the image that the table means.
        other = name if key is None else named.setdefault(key, name)
        if contents[other] != content:
            both = f"'{key}' in '{csv.file}' may mean '{other}' or '{name}'"
            raise UserError(f"{both}; set organize.csv.folder to the folder of the images")
    if not named:
        some = ", ".join(f"'{key}'" for key in list(table)[:3])
        raise UserError(f"organize.csv: no image is named in '{csv.file}', which names {some} ...")
    return labels


def _select(labels: Mapping[str, str], classes: Mapping[str, str]) -> dict[str, str]:
    there = set(labels.values())
    for wanted in classes:
        if wanted not in there:
            close = difflib.get_close_matches(wanted, there, n=1)
            hint = f", did you mean '{close[0]}'?" if close else ""
            raise UserError(f"organize.classes: no image has the class '{wanted}'{hint}")
    return {name: classes[label] for name, label in labels.items() if label in classes}
