"""Find the tables of labels in an archive, and read their columns."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from convline.images.archives import read_members
from convline.labels.image_tables import ENDINGS, SPREADSHEETS, TEXT_ENDINGS, read_table
from convline.labels.label_columns import column, read_labels
from convline.labels.split_folders import split_of_word
from convline.params.schema import Organize
from convline.runtime.errors import UserError


class LabelTable(NamedTuple):
    """The columns of a table, each with a cell per row.

    Attributes:
        name: path of the table, or its name if all tables of this name are equal.
        files: paths of the equal tables of this name.
        folders: folders with a slash at the end whose images it describes; None for all images.
        images: what identifies the image.
        labels: labels of the image, none or several too; none if they do not come from tables.
        groups: group of the image; empty if it has none, or without `organize.csv.group`.
        splits: train, validation or test; empty if unknown, or without `organize.csv.split`.
    """

    name: str
    files: list[str]
    folders: list[str] | None
    images: list[str]
    labels: list[list[str]]
    groups: list[str]
    splits: list[str]


def read_label_tables(archive: Path, organize: Organize, notes: list[str]) -> Iterator[LabelTable]:
    """Yield the tables `organize.csv.file`.

    Several equal tables are one; each of several different ones describes the images below its
    own folder, as in exports of Roboflow.

    Args:
        archive: the archive, in which the tables are.
        organize: the section `organize`.
        notes: list that gets a line on each guess.

    Raises:
        UserError: a table or a column is missing, or a table is not valid.
    """
    file = organize.csv.file
    found = _find(archive, organize)
    if len(found) == 1:
        ((data, files),) = found.items()
        yield _read(file, files, None, data, organize, notes=notes)
        return
    for second, first in itertools.permutations(itertools.chain(*found.values()), 2):
        if second.startswith(folder_of(first)):
            raise UserError(
                f"organize.csv.file: {archive.name} has different tables '{first}' and '{second}', "
                "and the second is below the folder of the first; give the whole path of one, with "
                "a slash in front of it"
            )
    for data, files in found.items():
        yield _read(files[0], files, list(map(folder_of, files)), data, organize, notes=notes)


def folder_of(name: str) -> str:
    """Return the folder of a file with a slash at the end; empty for the outermost."""
    return name[: name.rfind("/") + 1]


def _find(archive: Path, organize: Organize) -> dict[bytes, list[str]]:
    """Return the paths of each different table of the name, by content."""
    file = organize.csv.file
    others: list[str] = []

    def is_meant(name: str) -> bool:
        if f"/{name}" == file if file.startswith("/") else f"/{name}".endswith(f"/{file}"):
            return True
        if name.lower().endswith(ENDINGS + TEXT_ENDINGS + SPREADSHEETS):
            others.append(name)
        return False

    found = defaultdict(list)
    for name, data in read_members(archive, is_meant, organize.metadata_encoding):
        found[data].append(name)
    if not found:
        # Tables that can be read come first.
        others.sort(key=lambda name: name.lower().endswith(SPREADSHEETS))
        has = f"; it has {', '.join(map(repr, others[:5]))}" if others else ""
        if others and others[0].lower().endswith(SPREADSHEETS):
            has += "; save the table as CSV"
        raise UserError(f"organize.csv.file: {archive.name} has no file '{file}'{has}")
    return found


def _read(
    name: str,
    files: list[str],
    folders: list[str] | None,
    data: bytes,
    organize: Organize,
    *,
    notes: list[str],
) -> LabelTable:
    csv = organize.csv
    # Columns are numbers where the first row is not a header.
    header = not isinstance(csv.image, int)
    table = read_table(data, f"organize.csv.file: '{name}'", csv.encoding, header=header)
    notes += table.notes
    cells = table.cells
    if cells.empty:
        raise UserError(f"organize.csv.file: '{name}' has no rows")
    images = column(cells, csv, "image", name)
    groups, splits = (
        [""] * len(cells) if getattr(csv, param) is None else column(cells, csv, param, name)
        for param in ("group", "split")
    )
    of_value = {"": ""}
    for value, image in zip(splits, images, strict=True):
        if value not in of_value:
            split = organize.split_folder_names.get(value) or split_of_word(value)
            if split is None:
                raise UserError(
                    f"organize.csv.split: '{name}' has '{value}' for '{image}'; expected train, "
                    "validation or test, or a name in organize.split_folders"
                )
            of_value[value] = split
    from_csv = organize.labels_from == "csv"
    labels = read_labels(cells, csv, name, notes) if from_csv else [[] for _ in images]
    splits = [of_value[value] for value in splits]
    return LabelTable(name, files, folders, images, labels, groups, splits)
