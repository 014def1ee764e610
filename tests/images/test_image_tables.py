"""Tables of images: cells stay text, and an image may be named in several ways."""

import pytest
from pandas.errors import ParserWarning

from convline.images.image_tables import possible_ids, read_table
from convline.runtime.errors import UserError


def test_all_cells_stay_text():
    table = read_table(b"id,label\n0001,NA\n,1.0\n", "labels.csv")
    assert table.to_numpy().tolist() == [["0001", "NA"], ["", "1.0"]]


def test_a_comma_at_the_end_of_each_row_shifts_no_column():
    with pytest.warns(ParserWarning, match="loss of data"):
        table = read_table(b"id,label\n1,cat,\n2,dog,\n", "labels.csv")
    assert table["label"].tolist() == ["cat", "dog"]


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\xff", b'a\n"1'])
def test_a_file_that_is_not_a_table_is_refused(data):
    with pytest.raises(UserError, match=r"labels.csv cannot be read as a table: "):
        read_table(data, "labels.csv")


def test_an_image_is_named_with_or_without_folders_and_ending():
    ids = ["train/1/a.b.png", "train/1/a.b", "1/a.b.png", "1/a.b", "a.b.png", "a.b"]
    assert list(possible_ids("train/1/a.b.png")) == ids
