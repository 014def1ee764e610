"""Read CSV tables with a row per image, and list the ids by which they may name an image."""

import io
import os
from collections.abc import Iterator

import pandas as pd

from convline.runtime.errors import UserError


def read_table(data: bytes, name: str) -> pd.DataFrame:
    """Parse a CSV file; all cells stay text, so that '0001' is not 1.

    Args:
        data: the content of the file.
        name: the file, for the message.

    Raises:
        UserError: the file is not a table.
    """
    try:
        # index_col=False: otherwise a comma at the end of each row shifts the columns by one.
        return pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False, index_col=False)
    except ValueError as error:  # The errors of pandas and of Unicode are subclasses of it.
        raise UserError(f"{name} cannot be read as a table: {error}") from error


def possible_ids(name: str) -> Iterator[str]:
    """Yield the ids by which a table may name an image, the longest first.

    `train/cat/1.jpg` may be `train/cat/1.jpg`, `train/cat/1`, `cat/1.jpg`, `cat/1`, `1.jpg` or `1`.
    """
    parts = name.split("/")
    for start in range(len(parts)):
        path = "/".join(parts[start:])
        yield path
        yield os.path.splitext(path)[0]  # noqa: PTH122 (100,000 names)
