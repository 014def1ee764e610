"""Read the labels of each row from one column of a table, or from one-hot columns."""

import re

import pandas as pd

from convline.labels.row_matching import ENDING
from convline.params.loading import did_you_mean
from convline.params.schema import Csv
from convline.runtime.errors import UserError

# What pandas, NumPy and spreadsheets write for the two values of a one-hot column.
TRUTH = {"0": False, "false": False, "1": True, "true": True}
# A list of one label, as JSON and pandas write it.
ONE_LABEL = re.compile(r"""[\[({]\s*(?:'([^']*)'|"([^"]*)")\s*,?\s*[\])}]""")
PLAIN_WORD = re.compile(r"(?!(true|false|null)$)[a-z_][\w-]*", re.IGNORECASE | re.ASCII)


def read_labels(cells: pd.DataFrame, csv: Csv, name: str, notes: list[str]) -> list[list[str]]:
    """Return the labels of each row; one-hot columns give the names of the columns with a 1.

    Args:
        cells: the table, all cells text.
        csv: the section `organize.csv`.
        name: the table, for messages.
        notes: list that gets a line on each guess.

    Raises:
        UserError: a column is missing, or a cell of a one-hot column is not 0 or 1.
    """
    if not isinstance(csv.label, list):
        labels = column(cells, csv, "label", name)
        plain = [_without_brackets(label) for label in labels]
        if lists := [label for label, one in zip(labels, plain, strict=True) if label != one]:
            example = f"{lists[0]} is read as '{_without_brackets(lists[0])}'"
            notes.append(f"'{name}': a list of one label in {len(lists):,} rows; {example}")
        return [[label] if label else [] for label in plain]
    for label in csv.label:
        require(cells, csv, "label", label, name)
    chosen = _truth(cells[csv.label])
    if chosen.isna().any(axis=None):
        label = next(label for label in csv.label if chosen[label].isna().any())
        row = int(chosen[label].isna().to_numpy().argmax())
        image = cells[str(csv.image)].iloc[row]
        raise UserError(
            f"organize.csv.label: '{name}' must have 0 or 1 in the column '{label}', "
            f"got '{cells[label].iloc[row]}' for '{image}'"
        )
    return [
        [label for label, one in zip(csv.label, row, strict=True) if one]
        for row in chosen.to_numpy().tolist()
    ]


def _without_brackets(label: str) -> str:
    """Return `cat` for `['cat']`."""
    match = ONE_LABEL.fullmatch(label)
    return (match[1] or match[2] or "").strip() if match else label


def column(cells: pd.DataFrame, csv: Csv, param: str, name: str) -> list[str]:
    """Return the cells of the column `organize.csv.<param>`.

    Raises:
        UserError: the table `name` has no such column.
    """
    wanted = getattr(csv, param)
    require(cells, csv, param, wanted, name)
    return cells[str(wanted)].tolist()


def require(cells: pd.DataFrame, csv: Csv, param: str, wanted: str | int, name: str) -> None:
    """Raise a UserError if the table `name` has no column `wanted`, with the columns it has."""
    if str(wanted) in cells:
        return
    if isinstance(wanted, int):
        last = cells.shape[1] - 1
        raise UserError(
            f"organize.csv.{param}: '{name}' has no column {wanted}; its columns are 0 to {last}"
        )
    listed = ", ".join(f"'{other}'" for other in cells)
    hint = did_you_mean(str(wanted), cells)
    others = cells.drop(columns=[str(csv.image)], errors="ignore")
    if param == "label" and (one_hot := one_hot_columns(others)):
        listed_columns = ", ".join(map(_as_yaml, one_hot))
        hint += f"; for one-hot columns, set organize.csv.label: [{listed_columns}]"
    if any(ENDING.search(other) for other in cells):
        hint += "; if the first row is not a header, give numbers, as organize.csv.image: 0"
    raise UserError(
        f"organize.csv.{param}: '{name}' has no column '{wanted}'; it has {listed}{hint}"
    )


def one_hot_columns(cells: pd.DataFrame) -> list[str]:
    """Return the columns of 0 and 1, if most rows have a single 1 in them."""
    values = _truth(cells)
    binary = values.loc[:, values.notna().all()].astype(bool)
    if binary.shape[1] < 2 or (binary.sum(axis=1) == 1).mean() <= 0.5:
        return []
    return [str(column) for column in binary]


def _as_yaml(column: str) -> str:
    return column if PLAIN_WORD.fullmatch(column) else "'" + column.replace("'", "''") + "'"


def _truth(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells as booleans, and those that are not 0 or 1 as missing."""
    return cells.apply(
        lambda values: values.str.lower().str.replace(r"\.0*$", "", regex=True).map(TRUTH)
    )
