"""Read tables with a row per image: .csv, .tsv, .txt, also compressed with gzip.

The delimiter is derived from the first row and the encoding from the first bytes. All cells stay
text, so that '0001' is not 1. Python's `csv` parses the rows, because pandas drops the last cells
of a row that has more of them than the header.
"""

import codecs
import csv
import gzip
import io
import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from convline.images.archives import MAX_MEMBER
from convline.runtime.errors import UserError

ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
TEXT_ENDINGS = (".txt", ".txt.gz")  # of tables, but also of other texts
SPREADSHEETS = (".xlsx", ".xls", ".ods", ".parquet", ".json", ".jsonl")  # not read
BINARY = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1")  # .xlsx and .ods, .xls, parquet
OTHER_TEXT = re.compile(r'\s*(\{\s*"|\[\s*[\[{"]|<[?!a-z])', re.IGNORECASE)  # JSON, XML, HTML
DELIMITERS = "\t,;|"
SAMPLE = 20  # rows that decide between delimiters that are all in the first row
BOMS = {  # UTF-32 first: its mark starts with that of UTF-16.
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        cells: all cells as text; the columns of a table without a header are called 0, 1, ...
        delimiter: the character between two cells of a row.
        notes: lines to print about what was guessed.
    """

    cells: pd.DataFrame
    delimiter: str
    notes: list[str]


def read_table(
    data: bytes,
    name: str,
    encoding: str | None = None,
    *,
    header: bool = True,
    strip: bool = True,
    advice: str = "set organize.csv.encoding",
) -> Table:
    """Parse a table.

    Args:
        data: the content of the file.
        name: the file, for messages.
        encoding: encoding of the text; None detects UTF-8 and UTF-16, and guesses cp1252 otherwise.
        header: the first row has the names of the columns.
        strip: remove blanks at both ends of headers and cells.
        advice: what to do if the encoding is another one.

    Raises:
        UserError: the file is not a table in this encoding.
    """
    text, notes = _decode(_unpack(data, name), name, encoding, advice)
    if OTHER_TEXT.match(text):
        raise UserError(f"{name} is not a table but JSON, XML or HTML; save it as CSV")
    try:
        delimiter, text = _find_delimiter(text)
        rows = list(_parse(text, delimiter, strip))
    except csv.Error as error:
        raise UserError(f"{name} cannot be read as a table: {error}") from error
    if not rows:
        raise UserError(f"{name} cannot be read as a table: it is empty")
    columns = rows.pop(0)[1] if header else [str(i) for i in range(len(rows[0][1]))]
    return Table(_arrange(columns, rows, name), delimiter, notes)


def _unpack(data: bytes, name: str) -> bytes:
    if data.startswith(BINARY):
        raise UserError(f"{name} is not text but a spreadsheet or an archive; save it as CSV")
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        with gzip.open(io.BytesIO(data)) as file:
            unpacked = file.read(MAX_MEMBER + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{name} cannot be unpacked with gzip: {error}") from error
    if len(unpacked) > MAX_MEMBER:
        raise UserError(f"{name} is larger than {MAX_MEMBER >> 20} MiB unpacked")
    return unpacked


def _decode(data: bytes, name: str, encoding: str | None, advice: str) -> tuple[str, list[str]]:
    notes = []
    given = encoding or _detect_encoding(data)
    try:
        text = data.decode(given)
    except UnicodeError as error:
        why = f"{name} cannot be read as {given}: {_place(error)}"
        if encoding or given != "utf-8":
            raise UserError(f"{why}; {advice}") from error
        try:
            text = data.decode("cp1252")
        except UnicodeError:
            raise UserError(f"{why}; {advice}") from error
        guess = f"{name}: read as cp1252, since it is not valid UTF-8 ({_place(error)})"
        notes.append(f"{guess}; if it is another encoding, {advice}")
    if "\0" in text:
        raise UserError(f"{name} cannot be read as a table: it is not text (NUL bytes in {given})")
    return text.removeprefix("\ufeff"), notes


def _detect_encoding(data: bytes) -> str:
    for mark, encoding in BOMS.items():
        if data.startswith(mark):
            return encoding
    # In UTF-16 every second byte of ASCII characters is 0.
    odd, even = (data[start:4096:2].count(0) for start in (1, 0))
    if max(odd, even) > len(data[:4096]) // 16 and max(odd, even) > 4 * min(odd, even):
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"


def _place(error: UnicodeError) -> str:
    if not isinstance(error, UnicodeDecodeError):
        return str(error)
    line = error.object[: error.start].count(b"\n") + 1
    return f"line {line}: {error.reason}"


def _find_delimiter(text: str) -> tuple[str, str]:
    """Return the delimiter and the text without Excel's line `sep=;`.

    Only a character of the first row can be the delimiter, so that a label `cat|dog` is not
    divided. Blanks are the delimiter of a list without any of the others.
    """
    if stated := re.match(r'"?sep=(.)"?\r?\n', text):
        return stated[1], text[stated.end() :]
    found = {}
    for delimiter in DELIMITERS:
        sizes = _row_sizes(text, delimiter)
        if sizes and sizes[0] > 1:
            found[delimiter] = (sizes.count(sizes[0]) == len(sizes), sizes[0])
    if not found:
        single = re.sub(" +", " ", text)
        sizes = _row_sizes(single, " ")
        if sizes and set(sizes) == {max(2, sizes[0])}:
            return " ", single
    return max(found, key=found.__getitem__, default=","), text


def _row_sizes(text: str, delimiter: str) -> list[int]:
    """Return the numbers of cells in the first rows, without empty ones at the end."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = itertools.islice(filter(any, lines), SAMPLE)
    return [max(i for i, cell in enumerate(row, start=1) if cell) for row in rows]


def _parse(text: str, delimiter: str, strip: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, cells) of each row that is not empty."""
    # A blank before a quotation mark would hide it from the parser.
    quoted = re.search(rf'(^|{re.escape(delimiter)}) +"', text.split("\n", 1)[0])
    skip = delimiter != " " and (strip or bool(quoted))
    file = io.StringIO(text, newline="")
    lines = csv.reader(file, delimiter=delimiter, skipinitialspace=skip, strict=True)
    try:
        for row in lines:
            stripped = [cell.strip() for cell in row]
            if any(stripped):
                yield lines.line_num, stripped if strip else row
    except csv.Error as error:
        raise csv.Error(f"line {lines.line_num}: {error}") from error


def _arrange(columns: list[str], rows: list[tuple[int, list[str]]], name: str) -> pd.DataFrame:
    """Return the rows under their headers; cells that a row lacks are empty."""
    # A delimiter at the end of each row makes a column without name and content.
    while len(columns) > 1 and not columns[-1] and not any(map(any, _beyond(rows, columns))):
        columns.pop()
    width = len(columns)
    for (line, row), beyond in zip(rows, _beyond(rows, [*columns, ""]), strict=True):
        if any(beyond):
            what = f"line {line} has {len(row)} cells, and the first row has {width}"
            why = "a cell with the delimiter in it needs quotation marks"
            raise UserError(
                f"{name} cannot be read as a table: {what}; {why}, and several labels per image "
                "are not supported"
            )
    columns = [column or f"Unnamed: {i}" for i, column in enumerate(columns)]
    repeated = [column for column, count in Counter(columns).items() if count > 1]
    if repeated:
        header = "if the first row is not a header, give numbers, as organize.csv.image: 0"
        raise UserError(f"{name} has several columns '{repeated[0]}'; rename all but one; {header}")
    cells = [row[:width] + [""] * (width - len(row)) for _, row in rows]
    return pd.DataFrame(cells, columns=columns, dtype=str)


def _beyond(rows: list[tuple[int, list[str]]], columns: list[str]) -> Iterator[list[str]]:
    """Yield the cells of each row from the last of the columns on."""
    return (row[len(columns) - 1 :] for _, row in rows)
