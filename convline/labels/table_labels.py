"""Derive the class, the split and the group of each image from a table in the archive."""

import glob
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from convline.labels.label_set import LabelSet
from convline.labels.label_tables import LabelTable, folder_of, read_label_tables
from convline.labels.row_matching import Matches, in_folder, match_rows
from convline.labels.several_labels import find_combinations
from convline.params.schema import Csv, Organize
from convline.runtime.errors import UserError

MAX_EXAMPLES = 3


def labels_from_table(contents: Mapping[str, bytes], archive: Path, organize: Organize) -> LabelSet:
    """Return what the table `organize.csv` of the archive states about each image.

    Args:
        contents: a digest of each image's bytes by its path inside the archive.
        archive: the archive, in which the table is.
        organize: the section `organize`.

    Raises:
        UserError: the table or a column is missing, the table does not fit the images, or an image
            has several labels.
    """
    csv, result = organize.csv, LabelSet()
    images = _in_folder(contents, csv.folder)
    row_of: dict[str, str] = {}
    labels_of: dict[str, list[str]] = {}
    known: set[str] = set()
    for table in read_label_tables(archive, organize, result.notes):
        result.tables.update(table.files)
        known.update(label for labels in table.labels for label in labels)
        for image, rows in _match(table, images, contents, result.notes).items():
            row_of[image] = table.images[rows[0]]
            labels_of[image] = _values(table.labels[row] for row in rows)
            _add_fact("group", image, table, rows, result.groups)
            _add_fact("split", image, table, rows, result.splits)
    combined = set() if isinstance(csv.label, list) else find_combinations(known)
    several = [x for x, labels in labels_of.items() if len(labels) > 1 or combined & set(labels)]
    if several:
        _refuse([(row_of[x], labels_of[x]) for x in several], organize, result.notes)
    # Joined labels are only used if organize.classes has them.
    result.classes = {image: "|".join(labels) for image, labels in labels_of.items() if labels}
    result.unlabelled = {
        name: _reason(name, labels_of, csv) for name in contents if name not in result.classes
    }
    used = row_of if organize.labels_from == "csv" else contents
    result.notes += _count_missing(csv, used, result)
    return result


def _in_folder(names: Collection[str], folder: str | None) -> list[str]:
    inside = [name for name in names if folder is None or in_folder(name, folder)]
    if not inside and folder is not None:
        folders = sorted({name.rpartition("/")[0] for name in names})
        raise UserError(
            f"organize.csv.folder: no image is in a folder '{folder}'; they are in {_some(folders)}"
        )
    return inside


def _match(
    table: LabelTable, images: list[str], contents: Mapping[str, bytes], notes: list[str]
) -> dict[str, list[int]]:
    """Return the row numbers of each image, and add a note on the rows."""
    if table.folders is not None:
        images = [name for name in images if name.startswith(tuple(table.folders))]
    found = _find_images(table, images, contents, notes)
    if not found.images:
        where = f" below '{table.folders[0]}'" if table.folders else ""
        raise UserError(
            f"organize.csv.image: no row of '{table.name}' matches an image{where}; the rows name "
            f"{_some(list(dict.fromkeys(table.images)))}, and the images are {_some(images)}"
        )
    rows = defaultdict(list)
    unmatched = []
    for number, row in enumerate(table.images):
        if row not in found.images:
            unmatched.append(row)
        for image in found.images.get(row, ()):
            rows[image].append(number)
    n, m = len(table.images) - len(unmatched), len(table.images)
    notes.append(f"'{table.name}': {n:,} of {m:,} rows matched an image")
    if unmatched:
        notes[-1] += f"; {m - n:,} did not, for example {_some(unmatched)}"
    if found.inexact:
        row = found.inexact[0]
        notes.append(
            f"'{table.name}': another path or spelling than the image in {len(found.inexact):,} of "
            f"these rows, for example '{row}' for '{found.images[row][0]}'"
        )
    return rows


def _find_images(
    table: LabelTable, images: list[str], contents: Mapping[str, bytes], notes: list[str]
) -> Matches:
    """Match the rows to images; refuse rows that may mean several different ones."""
    found = match_rows(table.images, images, contents.__getitem__)
    if found.doubtful and len(table.files) > 1:
        own = _match_own_folders(table, images, contents)
        if found.doubtful.keys() <= own.images.keys() and not own.doubtful:
            found = own
            folders = _some([folder_of(file) for file in table.files])
            notes.append(f"'{table.name}': equal tables, each for its own folder: {folders}")
    if found.doubtful:
        row = next(row for row in table.images if row in found.doubtful)
        first, second = found.doubtful[row][:2]
        how = "set organize.csv.folder to the folder of the images"
        if first.rpartition("/")[0] == second.rpartition("/")[0]:
            how = f"to leave one of them out, set organize.exclude: ['{glob.escape(second)}']"
        raise UserError(f"'{row}' in '{table.name}' may mean '{first}' or '{second}'; {how}")
    return found


def _match_own_folders(
    table: LabelTable, images: list[str], contents: Mapping[str, bytes]
) -> Matches:
    """Match the rows in the folder of each of the equal tables by itself."""
    all_found = Matches()
    for folder in map(folder_of, table.files):
        inside = [name for name in images if name.startswith(folder)]
        found = match_rows(table.images, inside, contents.__getitem__)
        for row, names in found.images.items():
            all_found.images.setdefault(row, []).extend(names)
        all_found.inexact = list(dict.fromkeys([*all_found.inexact, *found.inexact]))
        all_found.doubtful |= found.doubtful
    return all_found


def _values(lists: Iterable[Iterable[str]]) -> list[str]:
    """Return the different values that are not empty."""
    return list(dict.fromkeys(value for values in lists for value in values if value))


def _add_fact(
    what: Literal["group", "split"],
    image: str,
    table: LabelTable,
    rows: list[int],
    facts: dict[str, str],
) -> None:
    cells = table.groups if what == "group" else table.splits
    values = _values([cells[row]] for row in rows)
    if len(values) > 1:
        has = f"'{table.name}' has {' and '.join(map(repr, values))} for '{table.images[rows[0]]}'"
        raise UserError(f"organize.csv.{what}: {has}, and an image can be in only one {what}")
    if values:
        facts[image] = values[0]


def _refuse(several: list[tuple[str, list[str]]], organize: Organize, notes: list[str]) -> None:
    """Raise a UserError for (row, labels) with several labels, unless classes are selected."""
    file = organize.csv.file
    examples = ", ".join(
        f"{' and '.join(map(repr, labels))} for '{row}'" for row, labels in several[:MAX_EXAMPLES]
    )
    count = _images(len(several))
    if organize.classes is None:
        raise UserError(
            f"several labels per image are not supported: '{file}' has them for {count}, for "
            f"example {examples}; to leave such images out, set organize.classes to the classes to "
            "keep"
        )
    notes.append(
        f"'{file}': several labels for {count}, for example {examples}; they are left out unless "
        "organize.classes lists them"
    )


def _reason(name: str, labels_of: Mapping[str, object], csv: Csv) -> str:
    """Return why an image has no class."""
    if name in labels_of:
        return f"no label in its row of '{csv.file}'"
    if csv.folder is not None and not in_folder(name, csv.folder):
        return "not in organize.csv.folder"
    return f"no row in '{csv.file}'"


def _count_missing(csv: Csv, images: Iterable[str], result: LabelSet) -> Iterator[str]:
    """Yield a note on images without a group or a split; refuse a column without any value."""
    for param, column, facts, what in (
        ("group", csv.group, result.groups, "are in no group"),
        ("split", csv.split, result.splits, "have only the split of their folder, if any"),
    ):
        if column is None:
            continue
        if not facts:
            has = f"'{csv.file}' has no value in '{column}' for any image"
            raise UserError(f"organize.csv.{param}: {has}")
        if without := [image for image in images if image not in facts]:
            has = f"'{csv.file}' has no value in '{column}' for {_images(len(without))}"
            yield f"{has}, for example '{without[0]}'; they {what}"


def _images(count: int) -> str:
    return f"{count:,} image{'s' * (count > 1)}"


def _some(names: Sequence[str]) -> str:
    """Return the first names for a message."""
    return ", ".join(f"'{name}'" for name in names[:MAX_EXAMPLES])
