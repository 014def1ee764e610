"""The sample submission in an archive and the image of each of its rows."""

import gzip
import io

import pytest
from PIL import Image

from convline.runtime.errors import UserError
from convline.submitting.sample_submission import find_sample
from tests.image_archives import pack

ROW = b"id,label\n7,0\n"


@pytest.mark.parametrize("top", ["data", "contest", "test_of_skill"])
def test_an_id_matches_the_test_image_of_its_name(tmp_path, top):
    files = {f"{top}/{part}/{i}.jpg": b"" for part in ("train", "test") for i in (1, 2)}
    sample = find(tmp_path, files | {f"{top}/sample_submission.csv": b"id,label\n2,0\n1,0\n"})
    assert sample.images == [f"{top}/test/2.jpg", f"{top}/test/1.jpg"]
    assert (sample.id_column, sample.others) == ("id", 0)


@pytest.mark.parametrize("key", ["7", "7.jpg", "images/7", "x/images/7.jpg"])
def test_ids_match_with_or_without_folder_and_extension(tmp_path, key):
    files = {"x/images/7.jpg": b"", "x/images/8.jpg": b"", "x/train.csv": b"id,label\n1,0\n"}
    sample = find(tmp_path, files | {"x/sample_submission_v2.csv": f"n,id\n0,{key}\n".encode()})
    assert (sample.images, sample.id_column, sample.others) == (["x/images/7.jpg"], "id", 1)


def test_test_images_are_recognized_by_content(tmp_path):
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "AVIF")
    files = {"test/7": buffer.getvalue(), "test/8": b"no image", "x.csv": b"id,label\n7,0\n"}
    assert find(tmp_path, files, sample="x.csv").images == ["test/7"]


@pytest.mark.parametrize(
    ("key", "image"),
    [
        *[("7.0", "test/7.jpg"), ("7.PNG", "test/0007.jpg"), ("IMG_7", "test/img_07.jpg")],
        ("/kaggle/input/test/x.jpg", "test/y/x.jpg"),
    ],
)
def test_ids_in_another_spelling_match_and_are_noted(tmp_path, key, image):
    sample = find(tmp_path, {image: b"", "sample.csv": f"id,label\n{key},0\n".encode()})
    assert (sample.images, sample.table["id"].tolist()) == ([image], [key])
    note = "another path or spelling than the image in 1 of the ids, for example"
    assert sample.notes == [f"{note} '{key}' for '{image}'"]


@pytest.mark.parametrize(
    ("name", "data", "delimiter"),
    [
        ("sample.csv", "id;label\n7;0\n".encode("utf-16"), ";"),
        ("sample.tsv", b"id\tlabel\n7\t0\n", "\t"),
        ("sample.csv.gz", gzip.compress(ROW, mtime=0), ","),
        ("data/sample_submission.csv", b"id,label,\r\n7,0,\r\n", ","),
    ],
)
def test_samples_in_other_forms_are_read(tmp_path, name, data, delimiter):
    sample = find(tmp_path, {"test/7.jpg": b"", "submission_rules.txt": b"be fair", name: data})
    assert (sample.images, sample.delimiter, sample.notes) == (["test/7.jpg"], delimiter, [])
    assert list(sample.table) == ["id", "label"]


def test_a_text_file_is_a_sample_where_it_is_named(tmp_path):
    files = {"test/7.jpg": b"", "format.txt": b"id label\n7 0\n"}
    assert find(tmp_path, files, sample="format.txt").images == ["test/7.jpg"]


def test_the_id_column_is_the_one_that_matches_exactly(tmp_path):
    files = {f"test/{i:03}.jpg": b"" for i in range(3)}
    table = b"row,id,label\n0,002,0\n1,001,0\n2,000,0\n"
    sample = find(tmp_path, files | {"sample.csv": table})
    assert (sample.id_column, sample.images[0]) == ("id", "test/002.jpg")


def test_the_sample_may_be_in_its_own_archive_or_on_disk(tmp_path):
    files = {"test/7.jpg": b"", "sample_submission.csv.zip": pack({"sample_submission.csv": ROW})}
    assert find(tmp_path, files).name == "sample_submission.csv/sample_submission.csv"
    mine = tmp_path / "mine.csv"
    mine.write_bytes(b"\xef\xbb\xbfid,p\n7,0.5\n")  # with Excel's mark at the start
    assert list(find(tmp_path, files, sample=str(mine)).table) == ["id", "p"]


def test_files_that_an_archive_contains_twice_count_once(tmp_path):
    files = {"test/7.jpg": b"7", "sample_submission.csv": ROW}
    inner = {"test.zip": pack({"7.jpg": b"7"})}
    sample = find(tmp_path, files | inner)
    assert (sample.images, sample.others) == (["test/7.jpg"], 0)


def test_cells_that_pandas_reads_as_missing_stay_unchanged(tmp_path):
    files = {"test/NA.jpg": b"", "test/007.jpg": b"", "sample.csv": b"id,a\nNA,\n007,null\n"}
    sample = find(tmp_path, files)
    assert sample.images == ["test/NA.jpg", "test/007.jpg"]
    assert sample.table.to_numpy().tolist() == [["NA", ""], ["007", "null"]]


@pytest.mark.parametrize(
    ("files", "options", "message"),
    [
        ({"a.jpg": b""}, {}, r"has no sample submission and no \.csv file; download one"),
        (
            {"t.csv": ROW},
            {},
            r"has no sample submission; pass one of its tables with --sample",
        ),
        (
            {"t.csv": ROW},
            {"sample": "u.csv"},
            r"has no 'u.csv', and it is not a file on disk",
        ),
        (
            {"sample_a.csv": ROW, "b/submission.csv": ROW},
            {},
            r"has 2 sample submissions; choose: --sample sample_a.csv\n  sample_a.csv\n  b/subm",
        ),
        ({"sample.csv": b""}, {}, r"sample.csv cannot be read as a table"),
        ({"sample.csv": b"id\n7\n"}, {}, "no column besides the ids"),
        ({"sample.csv": b"id,p\n"}, {}, "has no rows"),
        ({"sample.csv": b"id,p\n7,0\n7,0\n"}, {}, "has no id column"),
        (
            {"sample.csv": b"id,p\n6,0\n7,0\n8,0\n9,0\n", "test/7.jpg": b""},
            {},
            r"3 of the 4 rows .* no image in the archive: id '6', '8', '9'; its images are 'test/7",
        ),
        (
            {"sample.csv": ROW, "test/a/7.jpg": b"", "test/b/7.jpg": b""},
            {},
            "id '7' matches 'test/a/7.jpg', 'test/b/7.jpg'; choose a folder",
        ),
        (
            {"sample.csv": ROW, "test/a/7.jpg": b""},
            {"folder": "c"},
            "has no image in a folder 'c'; its folders are 'test/a'",
        ),
    ],
)
def test_a_sample_without_matching_images_is_one_message(tmp_path, files, options, message):
    with pytest.raises(UserError, match=message):
        find(tmp_path, files, **options)


def test_the_folder_of_the_images_can_be_chosen(tmp_path):
    files = {"sample.csv": ROW, "test/a/7.jpg": b"", "test/b/7.jpg": b""}
    assert find(tmp_path, files, folder="test/b").images == ["test/b/7.jpg"]


def find(where, files, sample=None, folder=None):
    (where / "archive.zip").write_bytes(pack(files))
    return find_sample(where / "archive.zip", sample, folder)
