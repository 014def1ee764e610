"""Tables with a row per image: delimiters, encodings, compressed files and mistakes."""

import csv
import gzip
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convline.labels import image_tables
from convline.labels.image_tables import read_table
from convline.runtime.errors import UserError
from tests.image_archives import pack

ROWS = [["1", "cat"], ["2", "dog"]]
UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
ENCODINGS = [*UNICODE, "cp1252", "cp932"]


def test_all_cells_stay_text():
    assert cells(b"id,label\n0001,NA\n,1.0\n") == [["0001", "NA"], ["", "1.0"]]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
def test_the_delimiter_is_the_one_of_the_first_row(delimiter, newline):
    lines = [delimiter.join(row) for row in [["id", "label"], *ROWS]]
    table = read_table(newline.join(lines).encode(), "labels.csv")
    assert list(table.cells) == ["id", "label"]
    assert table.cells.to_numpy().tolist() == ROWS
    assert (table.delimiter, table.notes) == (delimiter, [])


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("id,label\n1,cat|dog\n2,dog|cat\n", [["1", "cat|dog"], ["2", "dog|cat"]]),
        ("id,label\n1,cat;dog\n", [["1", "cat;dog"]]),
        ("id;name, first;label\n1;a, b;cat\n", [["1", "a, b", "cat"]]),
        ("label\nblack cat\nsea lion\n", [["black cat"], ["sea lion"]]),
        ('"id","label"\n"1","cat, grey"\n', [["1", "cat, grey"]]),
        ("sep=;\nid;label\n1;cat,dog\n", [["1", "cat,dog"]]),
        ("a label\n1\n", [["1"]]),
    ],
)
def test_characters_in_labels_are_not_taken_for_the_delimiter(text, rows):
    assert cells(text.encode()) == rows


@pytest.mark.parametrize(
    "text",
    [
        "id, label\n1, cat\n2, dog\n",
        " id ,label \n 1 , cat \n2, dog\n",
        '"id", "label"\n"1", "cat"\n"2", " dog "\n',
        "id,label\n1,cat,\n2,dog,\n",
        "id,label,\n1,cat,\n2,dog,\n",
        "id,label,,\n\n1,cat,,\n,,,\n2,dog,,\n",
        "\ufeffid,label\n1,cat\n2,dog",
    ],
)
def test_blanks_and_delimiters_at_the_ends_change_nothing(text):
    table = read_table(text.encode(), "labels.csv").cells
    assert list(table) == ["id", "label"]
    assert table.to_numpy().tolist() == ROWS


def test_blanks_stay_where_a_table_is_written_again():
    table = read_table(b"id, cat \n1 , x\n", "sample.csv", strip=False).cells
    assert list(table) == ["id", " cat "]
    assert table.to_numpy().tolist() == [["1 ", " x"]]
    table = read_table(b'id, "cat"\n1, "x"\n', "sample.csv", strip=False).cells
    assert list(table) == ["id", "cat"]


def test_a_table_without_a_header_has_numbered_columns():
    table = read_table(b"val_0.JPEG\tn01\t0\nval_1.JPEG\tn02\t3\n", "val.txt", header=False).cells
    assert list(table) == ["0", "1", "2"]
    assert table["1"].tolist() == ["n01", "n02"]


def test_missing_cells_at_the_end_of_a_row_are_empty():
    assert cells(b"id,label\n1\n2,dog\n") == [["1", ""], ["2", "dog"]]


@pytest.mark.parametrize("encoding", UNICODE)
def test_unicode_encodings_are_detected(encoding):
    table = read_table("id,label\n1,café\n2,猫\n".encode(encoding), "labels.csv")
    assert table.cells["label"].tolist() == ["café", "猫"]
    assert table.notes == []


def test_other_text_is_read_as_cp1252_with_a_note():
    table = read_table("id,label\n1,café\n".encode("cp1252"), "labels.csv")
    assert table.cells["label"].tolist() == ["café"]
    assert table.notes == [
        (
            "labels.csv: read as cp1252, since it is not valid UTF-8 (line 2: invalid continuation "
            "byte); if it is another encoding, set organize.csv.encoding"
        )
    ]


def test_a_given_encoding_is_used():
    data = "id,label\n1,ソフト\n".encode("cp932")
    table = read_table(data, "labels.csv", "cp932")
    assert table.cells["label"].tolist() == ["ソフト"]
    assert table.notes == []


@pytest.mark.parametrize(
    ("data", "encoding", "message"),
    [
        (b"id\n\xff\n", "utf-8", r"as utf-8: line 2: invalid start byte; set organize\.csv\.encod"),
        (b"id\n\xff\x81\n", None, r"as utf-8: line 2: .*; set organize\.csv\.encoding"),
        (b"\xff\xfe\xff", None, r"as utf-16: line 1: truncated data; set organize\.csv\.encoding"),
        (b"id,a,b,c,d,e,f\0\n1,2,3,4,5,6,7\n", None, "is not text"),
        (pack({"xl/workbook.xml": b""}), None, "is not text but a spreadsheet .*; save it as CSV"),
        (b"", None, "it is empty"),
        (b"\n\n", None, "it is empty"),
        (b'a,b\n1,"2', None, "line 2: unexpected end of data"),
        (b"id,label\n1,cat\n2,cat,dog\n", None, r"line 3 has 3 cells, and the first row has 2; .*"),
        (b"id,label,label\n1,a,b\n", None, "has several columns 'label'"),
        (gzip.compress(b"id,label\n1,cat\n", mtime=0)[:20], None, "cannot be unpacked with gzip"),
    ],
)
def test_a_file_that_is_not_a_table_is_refused(data, encoding, message):
    with pytest.raises(UserError, match=message):
        read_table(data, "labels.csv", encoding)


def test_a_compressed_table_is_unpacked_up_to_a_limit(monkeypatch):
    data = gzip.compress(b"id,label\n1,cat\n2,dog\n", mtime=0)
    assert cells(data) == ROWS
    monkeypatch.setattr(image_tables, "MAX_MEMBER", 1 << 20)
    bomb = gzip.compress(bytes(2 << 20), mtime=0)
    with pytest.raises(UserError, match="larger than 1 MiB unpacked"):
        read_table(bomb, "labels.csv.gz")


tables = st.lists(
    st.lists(st.text('ab,;|\t "\r\n\0é猫.1', max_size=4), min_size=1, max_size=4), max_size=5
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(table=tables, delimiter=st.sampled_from(",;\t|"), encoding=st.sampled_from(ENCODINGS))
def test_any_file_is_a_table_or_a_message(table, delimiter, encoding):
    text = "\n".join(delimiter.join(row) for row in table)
    for data in (
        text.encode(encoding, "replace"),
        gzip.compress(text.encode(encoding, "replace"), mtime=0),
    ):
        for header in (True, False):
            try:
                found = read_table(data, "labels.csv", header=header)
            except UserError:
                continue
            assert found.cells.shape[1] > 0


plain = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5).map(str.strip)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    rows=st.lists(st.tuples(plain, plain), min_size=1, max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
)
def test_quoted_cells_are_read_as_they_were_written(rows, delimiter, encoding):
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("id", "label"), *rows])
    table = read_table(file.getvalue().encode(encoding), "labels.csv")
    assert (list(table.cells), table.delimiter) == (["id", "label"], delimiter)
    assert table.cells.to_numpy().tolist() == [list(row) for row in rows if any(row)]


def cells(data):
    return read_table(data, "labels.csv").cells.to_numpy().tolist()
