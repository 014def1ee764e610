"""Find a competition's sample submission and the test image of each of its rows."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd

from convline.images.archives import open_members
from convline.images.file_kinds import classify
from convline.images.image_formats import HEAD, ending, image_endings
from convline.images.image_tables import possible_ids, read_table
from convline.runtime import paths
from convline.runtime.errors import UserError

MAX_NAMES = 5  # in a message
PURPOSE = re.compile(r"(?<![a-z])(test|train)", re.IGNORECASE)


@dataclass(frozen=True)
class Sample:
    """A sample submission.

    Attributes:
        name: name of the file.
        table: its cells as text, so that '0001' stays '0001'.
        id_column: column that identifies the images.
        images: member of the archive for each row.
        others: number of test images without a row.
    """

    name: str
    table: pd.DataFrame
    id_column: str
    images: list[str]
    others: int

    @property
    def asked(self) -> pd.DataFrame:
        """Return the columns to fill in."""
        return self.table.drop(columns=self.id_column)


def find_sample(
    archive: Path, asked: str | None, folder: str | None, encoding: str | None = None
) -> Sample:
    """Find the sample submission and the test images in an archive, without unpacking it.

    Args:
        archive: archive of the competition.
        asked: name of the sample, in the archive or on disk; None finds it by name.
        folder: folder of the test images in the archive; None finds one with `test` in its name.
        encoding: `organize.metadata_encoding`.

    Raises:
        UserError: there is not exactly one sample, or not exactly one image per row.
    """
    # Dictionaries, because an archive may contain a file twice.
    images: dict[str, None] = {}
    tables: dict[str, None] = {}
    on_disk = paths.expand_home(asked) if asked else None

    found: dict[str, bytes] = {}
    for name, member in open_members(archive, encoding):
        if name.lower().endswith(".csv"):
            tables[name] = None
            if _is_meant(name, asked):
                found[name] = member.read()
        elif ending(name) in image_endings() or classify(name, member.read(HEAD))[0] == "image":
            images[name] = None
    if on_disk and on_disk.is_file():
        found = {str(on_disk): on_disk.read_bytes()}
    if len(found) != 1:
        raise UserError(_no_sample(archive, list(found), list(tables), asked))
    ((name, data),) = found.items()
    table = _parse(name, data)
    pool = _test_images(list(images), folder, archive)
    column, members = _match(name, table, pool)
    return Sample(name, table, column, members, len(set(pool) - set(members)))


def some(names: Sequence[str]) -> str:
    """Return the first five names for a message."""
    more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    return ", ".join(f"'{name}'" for name in islice(names, MAX_NAMES)) + more


def _is_meant(name: str, asked: str | None) -> bool:
    if asked:
        return f"/{name}".endswith(f"/{asked}")
    letters = re.sub(r"[^a-z]", "", name.rsplit("/", 1)[-1].lower())
    return "submission" in letters or letters.startswith("sample")


def _no_sample(archive: Path, found: list[str], tables: list[str], asked: str | None) -> str:
    if found:
        return f"{archive} has {len(found)} sample submissions; choose: --sample {found[0]}\n" + (
            "\n".join(f"  {name}" for name in found)
        )
    what = f"no '{asked}', and it is not a file on disk" if asked else "no sample submission"
    if not tables:
        return f"{archive} has {what} and no .csv file; download one and pass --sample FILE"
    return f"{archive} has {what}; pass one of its tables with --sample: {some(tables)}"


def _parse(name: str, data: bytes) -> pd.DataFrame:
    table = read_table(data, name)
    if table.empty or table.shape[1] < 2:
        raise UserError(
            f"{name} has no rows, or no column besides the ids; pass another one with --sample"
        )
    return table


def _test_images(images: list[str], folder: str | None, archive: Path) -> list[str]:
    """Return the images in `folder`, or in a folder for tests if there is one, or all images."""
    if folder is None:
        return [name for name in images if _purpose(name) == "test"] or images
    inside = [name for name in images if f"/{folder.strip('/')}/" in f"/{name}"]
    if not inside:
        folders = sorted({name.rpartition("/")[0] for name in images})
        raise UserError(
            f"{archive} has no image in a folder '{folder}'; its folders are {some(folders)}"
        )
    return inside


def _purpose(name: str) -> str | None:
    """Return `test` or `train` from the innermost folder so named: `test` for test1/1.jpg."""
    found = PURPOSE.findall(name.rpartition("/")[0])
    return found[-1].lower() if found else None


def _match(name: str, table: pd.DataFrame, pool: list[str]) -> tuple[str, list[str]]:
    """Return the id column and the image of each id (with or without folder and extension)."""
    # The column with most matches, because other columns may have numbers like the ids.
    unique = [column for column in table if table[column].is_unique]
    if not unique:
        raise UserError(f"{name} has no id column with a different value in each row")
    matches = {column: _images_of(set(table[column]), pool) for column in unique}
    column = max(unique, key=lambda column: len(matches[column]))
    found = matches[column]
    missing = [key for key in table[column] if key not in found]
    if missing:
        rows = f"{len(missing):,} of the {len(table):,} rows of {name} have"
        images = f"its images are {some(pool)}" if pool else "it has no images"
        raise UserError(f"{rows} no image in the archive: {column} {some(missing)}; {images}")
    for key, members in found.items():
        if len(members) > 1:
            which = "choose a folder with --images"
            raise UserError(f"{column} '{key}' matches {some(members)}; {which}")
    return column, [found[key][0] for key in table[column]]


def _images_of(ids: set[str], pool: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in pool:
        for key in possible_ids(name):
            if key in ids:
                found[key].append(name)
    return dict(found)
