"""Derive the class, the original split and the group of each image from an archive."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from convline.labels.folder_tree import read_folders
from convline.labels.groups import group_of
from convline.labels.label_set import LabelSet
from convline.labels.readings import match_label
from convline.labels.split_folders import split_of_path
from convline.labels.table_labels import labels_from_table
from convline.params.loading import did_you_mean
from convline.params.schema import Organize
from convline.runtime.errors import UserError
from convline.runtime.paths import SPLITS

MAX_CLASSES = 3  # in notes
NOT_SELECTED = "not one of organize.classes"


def find_labels(contents: Mapping[str, bytes], archive: Path, organize: Organize) -> LabelSet:
    """Return the class, the split and the group of each image, where it has them.

    With `organize.labels_from: folder`, the class is the name of the image's folder (see
    `folder_tree`); with `filename` and `path`, it is the group of `organize.label_pattern`; with
    `csv`, it is read from a table in the archive. `organize.csv.group` and `organize.csv.split` add
    facts from a table in all cases. `organize.classes` then selects, renames and merges classes.
    Unicode forms of a class name, such as the two of é, are one class.

    Args:
        contents: a digest of each image's bytes by its path inside the archive.
        archive: the archive, in which the table is.
        organize: the section `organize`.

    Raises:
        UserError: the folders can be read in several ways, the table or a class of
            `organize.classes` is missing, or the table is not valid.
    """
    _refuse_unknown_splits(contents, organize)
    if organize.labels_from == "folder":
        labels = read_folders(contents, organize)
    elif organize.labels_from == "csv":
        labels = labels_from_table(contents, archive, organize)
    else:
        labels = _from_pattern(contents, organize)
    if organize.labels_from != "csv" and (organize.csv.group, organize.csv.split) != (None, None):
        table = labels_from_table(contents, archive, organize)
        labels.groups |= table.groups
        labels.splits |= table.splits
        labels.notes += table.notes
        labels.tables |= table.tables
    if organize.labels_from != "folder":
        _add_splits(labels, contents, organize)
    if organize.group_pattern:
        groups = {name: group_of(name, organize.group_pattern) for name in contents}
        labels.groups |= {name: group for name, group in groups.items() if group}
    _leave_out_test_names(labels, organize)
    _unite_unicode_forms(labels)
    if organize.classes:
        _select(labels, organize.classes)
    _note_unused_splits(labels, organize)
    return labels


def _refuse_unknown_splits(names: Iterable[str], organize: Organize) -> None:
    """Refuse names in `organize.split_folders` that no folder has; a table may have them, too."""
    if organize.split_folders is None or organize.csv.split is not None:
        return
    folders = {folder for name in names for folder in name.split("/")[:-1]}
    for folder in organize.split_folder_names:
        if folder not in folders:
            hint = did_you_mean(folder, folders)
            raise UserError(f"organize.split_folders: no folder is called '{folder}'{hint}")


def _from_pattern(names: Mapping[str, bytes], organize: Organize) -> LabelSet:
    """Match `organize.label_pattern` with file names or whole paths."""
    whole = organize.labels_from == "path"
    labels = LabelSet()
    for name in names:
        label = match_label(organize.label_pattern, name if whole else name.rsplit("/", 1)[-1])
        if label and label not in {".", ".."}:
            labels.classes[name] = label
        else:
            what = "path" if whole else "file name"
            labels.unlabelled[name] = f"organize.label_pattern does not match the {what}"
    return labels


def _add_splits(labels: LabelSet, names: Mapping[str, bytes], organize: Organize) -> None:
    """Add the splits of the folders to those of a table."""
    for name in names:
        split = labels.splits.get(name) or split_of_path(name, organize.split_folder_names)
        if split:
            labels.splits[name] = split


def _leave_out_test_names(labels: LabelSet, organize: Organize) -> None:
    """Leave out `test/1.jpg`, if no class of the test folder is one of the other images.

    The default pattern of file names would read a class `1` from it.
    """
    if organize.labels_from not in {"filename", "path"}:
        return
    test = [name for name in labels.classes if labels.splits.get(name) == "test"]
    others = {label for name, label in labels.classes.items() if labels.splits.get(name) != "test"}
    if len(others) > 1 and others.isdisjoint({labels.classes[name] for name in test}):
        for name in test:
            del labels.classes[name]
            labels.unlabelled[name] = "in a test folder, whose names have no class of other images"


def _unite_unicode_forms(labels: LabelSet) -> None:
    """Make the Unicode forms of a class name, such as the two of é, one class."""
    forms: dict[str, set[str]] = defaultdict(set)
    for name, label in labels.classes.items():
        labels.classes[name] = unicodedata.normalize("NFC", label)
        forms[labels.classes[name]].add(label)
    for label, found in sorted(forms.items()):
        if len(found) > 1:
            labels.notes.append(f"'{label}' is written in two Unicode forms; they are one class")


def _note_unused_splits(labels: LabelSet, organize: Organize) -> None:
    """Note that the archive has splits of its own, which are merged or differ in their classes."""
    own: dict[str, set[str]] = defaultdict(set)
    for name, label in labels.classes.items():
        if name in labels.splits:
            own[labels.splits[name]].add(label)
    if organize.split_method != "fractions" or len(own) < 2:
        return
    *first, last = [split for split in SPLITS if split in own]
    if "test" not in own:
        keep = "to keep one as test, name it in organize.split_folders: {test: FOLDER}"
    else:
        method = "folders" if len(own) == len(SPLITS) else "test_folder"
        keep = f"organize.split_method: {method} keeps {'them' if method == 'folders' else 'test'}"
    labels.notes.append(
        f"the archive's own splits, {', '.join(first)} and {last}, are merged and divided again; "
        f"{keep}"
    )
    everywhere = set.intersection(*own.values())
    for label in sorted(set.union(*own.values()) - everywhere)[:MAX_CLASSES]:
        parts = " and ".join(split for split in SPLITS if label in own[split])
        labels.notes.append(
            f"class '{label}' is only in the archive's {parts}; organize.classes merges names that "
            "mean the same class"
        )


def _select(labels: LabelSet, classes: Mapping[str, str]) -> None:
    wanted = {unicodedata.normalize("NFC", old): new for old, new in classes.items()}
    there = set(labels.classes.values())
    for name in wanted:
        if name not in there:
            hint = did_you_mean(name, there)
            raise UserError(f"organize.classes: no image has the class '{name}'{hint}")
    for name, label in labels.classes.items():
        if label not in wanted:
            labels.unlabelled[name] = NOT_SELECTED
    labels.classes = {
        name: wanted[label] for name, label in labels.classes.items() if label in wanted
    }
