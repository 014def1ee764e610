"""The competition's sample submission, and the images that its rows are of."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd

from convline.images.archives import read_members
from convline.images.decoding import is_image_name
from convline.images.image_tables import possible_ids, read_table
from convline.runtime.errors import UserError

SHOWN = 5  # names in a message
PURPOSE = re.compile(r"(?<![a-z])(test|train)", re.IGNORECASE)


@dataclass(frozen=True)
class Sample:
    """A sample submission.

    Attributes:
        name: of the file.
        table: all as text, as it stands there: '0001' stays so.
        id_column: the one that names the images.
        images: the member of the archive that each row is of.
        others: how many test images no row is of.
    """

    name: str
    table: pd.DataFrame
    id_column: str
    images: list[str]
    others: int

    @property
    def asked(self) -> pd.DataFrame:
        """The columns to fill in."""
        return self.table.drop(columns=self.id_column)


def find_sample(archive: Path, asked: str | None, folder: str | None) -> Sample:
    """Find the sample submission and the test images in an archive, without unpacking it.

    Args:
        archive: the competition's.
        asked: name of the sample, in the archive or on disk; None: it is known by its name.
        folder: of the test images in the archive; None: the one with `test` in its name.

    Raises:
        UserError: there is not exactly one sample, or not exactly one image for each row.
    """
    images: list[str] = []
    tables: list[str] = []
    on_disk = Path(asked).expanduser() if asked else None

    def wanted(name: str) -> bool:
        if is_image_name(name):
            images.append(name)
        elif name.lower().endswith(".csv"):
            tables.append(name)
            return _is_meant(name, asked)
        return False

    found = dict(read_members(archive, wanted))
    if on_disk and on_disk.is_file():
        found = {str(on_disk): on_disk.read_bytes()}
    if len(found) != 1:
        raise UserError(_no_sample(archive, list(found), tables, asked))
    ((name, data),) = found.items()
    table = _parse(name, data)
    pool = _test_images(images, folder, archive)
    column, members = _match(name, table, pool)
    return Sample(name, table, column, members, len(set(pool) - set(members)))


def some(names: Sequence[str]) -> str:
    """The first of these names, for a message."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(f"'{name}'" for name in islice(names, SHOWN)) + more


def _is_meant(name: str, asked: str | None) -> bool:
    if asked:
        return f"/{name}".endswith(f"/{asked}")
    letters = re.sub(r"[^a-z]", "", name.rsplit("/", 1)[-1].lower())
    return "submission" in letters or letters.startswith("sample")


def _no_sample(archive: Path, found: list[str], tables: list[str], asked: str | None) -> str:
    if found:
        return f"{archive} holds {len(found)} sample submissions; choose: --sample {found[0]}\n" + (
            "\n".join(f"  {name}" for name in found)
        )
    what = f"no '{asked}', nor is it a file here" if asked else "no sample submission"
    if not tables:
        return f"{archive} holds {what}, and no .csv at all; get one: --sample FILE"
    return f"{archive} holds {what}; name it with --sample. There are {some(tables)}"


def _parse(name: str, data: bytes) -> pd.DataFrame:
    table = read_table(data, name)
    if table.empty or table.shape[1] < 2:
        raise UserError(f"{name} has no rows, or no column beside the ids; name another: --sample")
    return table


def _test_images(images: list[str], folder: str | None, archive: Path) -> list[str]:
    """Those below `folder`; else below a folder for tests, if there is one; else all of them."""
    if folder is None:
        return [name for name in images if _purpose(name) == "test"] or images
    inside = [name for name in images if f"/{folder.strip('/')}/" in f"/{name}"]
    if not inside:
        folders = sorted({name.rpartition("/")[0] for name in images})
        raise UserError(f"{archive} has no image in a folder '{folder}'; there are {some(folders)}")
    return inside


def _purpose(name: str) -> str | None:
    """`test` or `train`, by the innermost folder that says so: test1/test1/1.jpg is for tests."""
    found = PURPOSE.findall(name.rpartition("/")[0])
    return found[-1].lower() if found else None


def _match(name: str, table: pd.DataFrame, pool: list[str]) -> tuple[str, list[str]]:
    """The column of ids, and the one image of each, named with or without folder and ending."""
    # Most of all: a column of ids that are numbers may stand beside one of other numbers.
    unique = [column for column in table if table[column].is_unique]
    if not unique:
        raise UserError(f"{name} has no column of ids: a row for each image is what can be filled")
    matches = {column: _images_of(set(table[column]), pool) for column in unique}
    column = max(unique, key=lambda column: len(matches[column]))
    found = matches[column]
    missing = [key for key in table[column] if key not in found]
    if missing:
        of = f"of {len(missing):,} of the {len(table):,} rows of {name} there is no image"
        there = f"the images are {some(pool)}" if pool else "there is no image at all"
        raise UserError(f"{of} in the archive: {column} {some(missing)}; {there}")
    for key, members in found.items():
        if len(members) > 1:
            which = "say in which folder with --images"
            raise UserError(f"{column} '{key}' may be any of {some(members)}; {which}")
    return column, [found[key][0] for key in table[column]]


def _images_of(ids: set[str], pool: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in pool:
        for key in possible_ids(name):
            if key in ids:
                found[key].append(name)
    return dict(found)
