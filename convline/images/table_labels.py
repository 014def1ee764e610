"""Derive the class of each image from a table in the archive."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from convline.images.archives import read_members
from convline.images.image_tables import possible_ids, read_table
from convline.images.label_set import LabelSet
from convline.params.schema import Csv, Organize
from convline.runtime.errors import UserError


def labels_from_table(contents: Mapping[str, bytes], archive: Path, organize: Organize) -> LabelSet:
    """Return what the table `organize.csv` of the archive states about each image.

    Args:
        contents: a digest of each image's bytes by its path inside the archive.
        archive: the archive, in which the table is.
        organize: the section `organize`.

    Raises:
        UserError: the table or a column is missing, or the table does not fit the images.
    """
    labels = _match(contents, _read(archive, organize), organize.csv)
    return LabelSet(classes=labels)


def _read(archive: Path, organize: Organize) -> dict[str, str]:
    """Return the label of each image id in the table."""
    csv, wanted = organize.csv, f"/{organize.csv.file}"
    encoding = organize.metadata_encoding
    found = read_members(archive, lambda name: f"/{name}".endswith(wanted), encoding)
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


def _match(contents: Mapping[str, bytes], table: Mapping[str, str], csv: Csv) -> dict[str, str]:
    labels: dict[str, str] = {}
    named: dict[str, str] = {}
    for name, content in contents.items():
        path = PurePosixPath(name)
        inside = csv.folder is None or csv.folder in path.parts[:-1]
        keys = possible_ids(name) if inside else ()
        key = next((key for key in keys if key in table), None)
        if key is not None:
            labels[name] = table[key]
        # Kaggle's test/1.png is not train/1.png, the image that the table means.
        other = name if key is None else named.setdefault(key, name)
        if contents[other] != content:
            both = f"'{key}' in '{csv.file}' may mean '{other}' or '{name}'"
            raise UserError(f"{both}; set organize.csv.folder to the folder of the images")
    if not named:
        some = ", ".join(f"'{key}'" for key in list(table)[:3])
        raise UserError(f"organize.csv: no image is named in '{csv.file}', which names {some} ...")
    return labels
