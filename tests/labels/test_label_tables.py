"""Tables of labels are found in archives, in many forms and one per folder."""

import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convline.runtime.errors import UserError
from tests.labels.conftest import FOUR


def test_each_table_of_one_name_is_for_the_images_of_its_folder(read_labels):
    files = {f"x/{s}/{i}.png": f"{s}{i}".encode() for s in ("train", "valid") for i in range(2)}
    files["x/train/_classes.csv"] = "filename, cat, dog\n0.png, 1, 0\n1.png, 0, 1\n"
    files["x/valid/_classes.csv"] = "filename, cat, dog\n0.png, 0, 1\n1.png, 1, 0\n2.png, 1, 0\n"
    found = read_labels(files, file="_classes.csv", image="filename", label=["cat", "dog"])
    assert found.classes == {
        "x/train/0.png": "cat",
        "x/train/1.png": "dog",
        "x/valid/0.png": "dog",
        "x/valid/1.png": "cat",
    }
    assert "no row in '_classes.csv'" in found.unlabelled.values()
    assert found.notes == [
        "'x/train/_classes.csv': 2 of 2 rows matched an image",
        "'x/valid/_classes.csv': 2 of 3 rows matched an image; 1 did not, for example '2.png'",
    ]


def test_equal_tables_count_once_and_a_slash_chooses_the_outermost(read_labels):
    table = "id,label\n0,cat\n1,dog\n"
    found = read_labels({"labels.csv": table, "copy/labels.csv": table})
    assert len(found.classes) == 2
    files = {"labels.csv": table, "old/labels.csv": "id,label\n0,dog\n1,cat\n"}
    with pytest.raises(UserError, match=r"different tables 'labels\.csv' and 'old/labels\.csv'"):
        read_labels(files)
    assert list(read_labels(files, file="/labels.csv").classes.values()) == ["cat", "dog"]
    assert list(read_labels(files, file="old/labels.csv").classes.values()) == ["dog", "cat"]


def test_equal_tables_describe_their_own_folders_if_file_names_are_equal(read_labels):
    table = "filename,label\n0.jpg,cat\n1.jpg,dog\n"
    files = {f"{s}/{i}.png": f"{s}{i}".encode() for s in ("test", "train") for i in range(2)}
    files |= {f"{split}/_classes.csv": table for split in ("test", "train")}
    found = read_labels(files, file="_classes.csv", image="filename")
    assert found.classes == {
        f"{split}/{i}.png": label
        for split in ("test", "train")
        for i, label in enumerate(["cat", "dog"])
    }
    assert found.tables == {"test/_classes.csv", "train/_classes.csv"}
    assert found.notes[:2] == [
        "'_classes.csv': equal tables, each for its own folder: 'test/', 'train/'",
        "'_classes.csv': 2 of 2 rows matched an image",
    ]


def test_a_spreadsheet_is_named_if_the_table_is_missing(read_labels):
    with pytest.raises(UserError, match=r"; it has 'labels\.xlsx'; save the table as CSV$"):
        read_labels({"labels.xlsx": b"PK\x03\x04"})


FORMS = {
    "path": lambda name: name,
    "part of the path": lambda name: name.split("/", 1)[-1],
    "file name": lambda name: name.rsplit("/", 1)[-1],
    "no ending": lambda name: name.rsplit(".", 1)[0],
    "other folder": lambda name: f"/data/upload/{name.rsplit('/', 1)[-1]}",
    "backslashes": lambda name: f".\\{name}".replace("/", "\\"),
    "upper case": str.upper,
}
stems = st.lists(st.text(string.ascii_letters + "é _-", max_size=5), min_size=1, max_size=9)


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    stems=stems,
    folders=st.lists(st.sampled_from(["", "a/", "b/c/", "train/"]), min_size=9, max_size=9),
    form=st.sampled_from(sorted(FORMS)),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_each_image_has_the_label_of_its_row(
    read_labels, stems, folders, form, delimiter, encoding
):
    named = zip(folders, stems, strict=False)
    names = [f"{folder}{stem}{i}.png" for i, (folder, stem) in enumerate(named, start=len(FOUR))]
    labels = {name: ("cat", " café ", "")[i % 3] for i, name in enumerate(names)}
    rows = [f"{FORMS[form](name)}{delimiter}{label}" for name, label in labels.items()]
    table = "\r\n".join([f"id{delimiter}label", *rows]).encode(encoding)
    found = read_labels({**dict.fromkeys(names, b""), "labels.csv": table})
    assert found.classes == {name: label.strip() for name, label in labels.items() if label}
    assert found.unlabelled.keys() == {*names, *FOUR} - found.classes.keys()
