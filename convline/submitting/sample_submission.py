"""Find a competition's sample submission and the test image of each of its rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd

from convline.images.archives import open_members
from convline.images.file_kinds import classify
from convline.images.image_formats import HEAD, ending, image_endings
from convline.labels.image_tables import ENDINGS, TEXT_ENDINGS, Table, read_table
from convline.labels.row_matching import Matches, in_folder, match_rows
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
        delimiter: the character between its cells.
        id_column: column that identifies the images.
        images: member of the archive for each row.
        others: number of test images without a row.
        notes: lines to print about what was guessed.
    """

    name: str
    table: pd.DataFrame
    delimiter: str
    id_column: str
    images: list[str]
    others: int
    notes: list[str]

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
    endings = ENDINGS + TEXT_ENDINGS if asked else ENDINGS

    found: dict[str, bytes] = {}
    for name, member in open_members(archive, encoding):
        if name.lower().endswith(endings):
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
    column, members, notes = _match(name, table.cells, pool)
    others = len(set(pool) - set(members))
    return Sample(name, table.cells, table.delimiter, column, members, others, table.notes + notes)


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


def _parse(name: str, data: bytes) -> Table:
    # Headers and cells stay unchanged, because Kaggle compares the columns' names.
    table = read_table(data, name, strip=False, advice="save it as UTF-8")
    if table.cells.empty or table.cells.shape[1] < 2:
        raise UserError(
            f"{name} has no rows, or no column besides the ids; pass another one with --sample"
        )
    return table


def _test_images(images: list[str], folder: str | None, archive: Path) -> list[str]:
    """Return the images in `folder`, or in a folder for tests if there is one, or all images."""
    if folder is None:
        return [name for name in images if _purpose(name) == "test"] or images
    inside = [name for name in images if in_folder(name, folder)]
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


def _match(name: str, table: pd.DataFrame, pool: list[str]) -> tuple[str, list[str], list[str]]:
    """Return the id column, the image of each id, and notes."""
    unique = [column for column in table if table[column].is_unique]
    if not unique:
        raise UserError(f"{name} has no id column with a different value in each row")
    matches = {column: match_rows(table[column], pool, str) for column in unique}
    # Other columns may have numbers that are like the ids.
    column = max(unique, key=lambda column: _rank(matches[column]))
    found = matches[column]
    for key, members in found.doubtful.items():
        which = "choose a folder with --images"
        raise UserError(f"{column} '{key}' matches {some(members)}; {which}")
    missing = [key for key in table[column] if key not in found.images]
    if missing:
        rows = f"{len(missing):,} of the {len(table):,} rows of {name} have"
        images = f"its images are {some(pool)}" if pool else "it has no images"
        raise UserError(f"{rows} no image in the archive: {column} {some(missing)}; {images}")
    notes = []
    if found.inexact:
        key = found.inexact[0]
        has = f"another path or spelling than the image in {len(found.inexact):,} of the ids"
        notes.append(f"{has}, for example '{key}' for '{found.images[key][0]}'")
    return column, [found.images[key][0] for key in table[column]], notes


def _rank(found: Matches) -> tuple[int, int]:
    return len(found.images) + len(found.doubtful), -len(found.inexact)
