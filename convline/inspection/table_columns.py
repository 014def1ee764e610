"""Guess which columns of a table name the images, their classes, groups and splits."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from convline.images.archives import read_members
from convline.labels.image_tables import ENDINGS, read_table
from convline.labels.label_columns import one_hot_columns
from convline.labels.row_matching import match_rows
from convline.labels.split_folders import split_of_word
from convline.runtime.errors import UserError

LABELS = re.compile(
    r"(class|label|target|category|breed|species|variety|diagnosis|dx|level|grade|sentiment|tag"
    r"|emotion|type)(_?(name|id|s))?|y",
    re.IGNORECASE,
)
GROUPS = re.compile(
    r"(patient|subject|person|lesion|study|case|animal|group)(_?(id|no|number))?", re.IGNORECASE
)
SPLITS = re.compile(r"(data_?)?(set|split|subset|partition|usage|phase)", re.IGNORECASE)
SAMPLE_ROWS = 200  # that are matched to find the column of the images
LEAST_MATCHED = 0.8  # share of these rows


def find_columns(
    contents: Mapping[str, bytes], archive: Path, encoding: str | None, files: Iterable[str]
) -> Iterator[dict[str, Any]]:
    """Yield values of the section `organize.csv` for each table that describes the images.

    Args:
        contents: a digest of each image's bytes by its name in the archive.
        archive: the archive or folder.
        encoding: `organize.metadata_encoding`.
        files: names of the files that are not images.
    """
    tables = {
        name for name in files if name.lower().endswith(ENDINGS) and "sample" not in name.lower()
    }
    if not tables:  # A compressed tar takes seconds to read.
        return
    for name, data in read_members(archive, tables.__contains__, encoding):
        try:
            cells = read_table(data, name).cells
        except UserError:
            continue
        columns = _columns(cells, contents) if len(cells) else None
        if columns:
            yield {"file": f"/{name}" if "/" in name else name, **columns}


def _columns(cells: pd.DataFrame, contents: Mapping[str, bytes]) -> dict[str, Any] | None:
    image = _image_column(cells, contents)
    label = None if image is None else _label(cells, image)
    if label is None:
        return None
    columns: dict[str, Any] = {"image": image, "label": label}
    rest = [x for x in cells if x not in {image, str(label)}]
    for column in rest:
        if GROUPS.fullmatch(column) and 1 < cells[column].nunique() < len(cells):
            columns.setdefault("group", column)
        values = set(cells[column].unique())
        if SPLITS.fullmatch(column) and len(values) > 1 and all(map(split_of_word, values)):
            columns.setdefault("split", column)
    return columns


def _image_column(cells: pd.DataFrame, contents: Mapping[str, bytes]) -> str | None:
    """Return the column whose cells match the most images; None if none does."""
    step = max(1, len(cells) // SAMPLE_ROWS)
    rows = cells.iloc[::step]
    found = {}
    for column in cells:
        ids = [cell for cell in rows[column].unique() if cell]
        if len(ids) < LEAST_MATCHED * len(rows):  # One row per image.
            continue
        matches = match_rows(ids, contents, contents.__getitem__)
        found[str(column)] = len(matches.images.keys() | matches.doubtful.keys())
    best = max(found, key=found.__getitem__, default="")
    return best if found.get(best, 0) >= max(1, LEAST_MATCHED * len(rows)) else None


def _label(cells: pd.DataFrame, image: str) -> str | list[str] | None:
    """Return the column of classes, or one-hot columns; None if there is not exactly one choice."""
    if one_hot := one_hot_columns(cells.drop(columns=[image])):
        return one_hot
    named = [x for x in cells if x != image and LABELS.fullmatch(x)]
    few = [x for x in cells if x != image and 1 < cells[x].nunique() <= len(cells) / 2]
    for columns in (few, [x for x in named if x in few]):
        if len(columns) == 1:
            return str(columns[0])
    return None
