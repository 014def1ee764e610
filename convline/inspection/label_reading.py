"""Find out how the classes of images can be read: from folders, a table or file names."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convline.inspection.table_columns import find_columns
from convline.labels.image_labels import find_labels
from convline.labels.label_set import LabelSet
from convline.params.schema import Organize
from convline.runtime.errors import UserError
from convline.runtime.paths import SPLITS

Params = dict[str, Any]  # of the section organize

# Group 1 is the class: cat.0.jpg; cat_12.jpg, cat (3).jpg and cat12.jpg; 12_cat.jpg.
PATTERNS = (r"^([^.]+)\.\d", r"^(.*?\D)[ _.-]*\(?\d+\)?\.[^.]+$", r"^\d+[ _-]+(\D.*?)\.[^.]+$")
# Prefixes of cameras and of unnamed images, which are not classes.
PREFIXES = {
    *("img", "image", "images", "dsc", "dscn", "dscf", "pxl", "photo", "pic", "picture"),
    *("frame", "file", "scan", "screenshot", "p", "im", "i", "train", "test", "val"),
}
AS_ARGUMENTS = "Pass the params of one as arguments: \"organize.include=['*/images/*']\"."
MOST_CLASSES = 1 / 3  # of the number of images, for file names and tables
LEAST_LABELLED = 0.9  # share of the images outside test folders, for file names and tables


@dataclass(frozen=True)
class Reading:
    """One way to read the classes.

    Attributes:
        params: parameters of the section organize that select it.
        labels: what it yields.
        source: where the classes are, in words, such as `the names of folders`.
    """

    params: Params
    labels: LabelSet
    source: str

    @property
    def class_count(self) -> int:
        """Return the number of classes."""
        return len(set(self.labels.classes.values()))


def find_readings(
    contents: Mapping[str, bytes],
    archive: Path,
    organize: Organize,
    others: Iterable[str],
    *,
    given: bool,
) -> list[Reading]:
    """Return the readings with two classes or more, the best one first.

    Folders come first, then tables, then file names. Where the folders can be read in several
    ways, only a table decides; a guess at file names would not.

    Args:
        contents: a digest of each image's bytes by its name in the archive.
        archive: the archive or folder.
        organize: the section `organize`.
        others: names of the files that are not images, tables among them.
        given: True if the user chose the reading in it.

    Returns:
        At least one reading; without two classes in any, that of the folders.

    Raises:
        UserError: the folders can be read in several ways, and no table decides.
    """
    if given:
        labels = find_labels(contents, archive, organize)
        return [Reading({}, labels, "your params")]
    try:
        params = {"labels_from": "folder"}
        labels = find_labels(contents, archive, _with(organize, params))
        folders, doubt = [Reading(params, labels, "the names of folders")], None
    except UserError as error:
        folders, doubt = [], error
    problems: list[UserError] = []
    tables = list(_from_tables(contents, archive, organize, others, problems))
    if any(reading.class_count > 1 for reading in folders):
        return folders + tables
    if tables:
        return tables
    if doubt:
        raise UserError(f"{doubt}\n{AS_ARGUMENTS}")
    names = list(_from_file_names(contents, archive, organize))
    if problems and not names:
        raise problems[0]
    return names or folders


def _from_tables(
    contents: Mapping[str, bytes],
    archive: Path,
    organize: Organize,
    others: Iterable[str],
    problems: list[UserError],
) -> Iterator[Reading]:
    for csv in find_columns(contents, archive, organize.metadata_encoding, others):
        params = {"labels_from": "csv", "csv": csv}
        try:
            labels = find_labels(contents, archive, _with(organize, params))
        except UserError as error:
            problems.append(error)
            continue
        found = set(labels.splits.values())
        if "split" in csv and "test" in found:
            params["split_method"] = "folders" if found == set(SPLITS) else "test_folder"
        else:
            csv.pop("split", None)
        if _plausible(labels, contents):
            yield Reading(params, labels, f"the table {csv['file']}")


def _from_file_names(
    contents: Mapping[str, bytes], archive: Path, organize: Organize
) -> Iterator[Reading]:
    for pattern in PATTERNS:
        params = {"labels_from": "filename", "label_pattern": pattern}
        labels = find_labels(contents, archive, _with(organize, params))
        names = {label.strip(" _-.").lower() for label in labels.classes.values()}
        if _plausible(labels, contents) and not names <= PREFIXES:
            yield Reading(params, labels, "file names")
            return


def _plausible(labels: LabelSet, contents: Mapping[str, bytes]) -> bool:
    """Return True if the classes are few, and most images outside of test folders have one."""
    counts = Counter(labels.classes.values())
    asked = [name for name in contents if labels.splits.get(name) != "test"]
    labelled = sum(name in labels.classes for name in asked)
    few = 2 <= len(counts) <= max(2, MOST_CLASSES * len(labels.classes))
    return few and labelled >= LEAST_LABELLED * len(asked)


def _with(organize: Organize, params: Params) -> Organize:
    """Return the section with other values, which are not validated."""
    csv = organize.csv.model_copy(update=params.get("csv", {}))
    return organize.model_copy(update={**params, "csv": csv})
