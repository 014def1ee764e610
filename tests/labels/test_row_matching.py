"""Rows of tables name images by paths and ids in many spellings."""

import time

import pytest

from convline.labels.row_matching import in_folder, match_rows


@pytest.mark.parametrize(
    "row",
    [
        *("my/images/0.png", "images/0.png", "0.png", "0", "images/0", "./images/0.png"),
        *("images\\0.png", ".\\images\\0.png", "/my/images/0.png", "my//images/0.png"),
    ],
)
def test_a_row_may_lack_folders_and_the_ending(row):
    found = match([row, "1"], ["my/images/0.png", "my/images/1.png"])
    assert found.images == {row: ["my/images/0.png"], "1": ["my/images/1.png"]}
    assert found.inexact == []


@pytest.mark.parametrize(
    ("row", "image"),
    [
        ("/data/upload/1/x.jpg", "my/images/x.jpg"),
        ("s3://bucket/x.jpg", "my/x.jpg"),
        ("https://host/a%20b.jpg?size=1#top", "my/a b.jpg"),
        ("C:\\photos\\x.jpg", "my/x.jpg"),
        ("X.JPG", "my/x.jpg"),
        ("IMAGES/X", "images/x.jpg"),
        ("x.jpeg", "my/x.png"),
        ("1", "my/0001.png"),
        ("0001", "my/1.png"),
        ("0001.jpg", "my/img/1.png"),
        ("1.0", "my/1.png"),
        ("12.0", "my/0012.png"),
        ("img_007", "my/IMG_7.png"),
        ("my/a b.png", "my / a  b .png"),
        ("cafe\u0301.png", "my/caf\u00e9.png"),
        ("train/x.png", "val_like/x.png"),
    ],
)
def test_another_spelling_matches_the_only_image_of_that_name(row, image):
    found = match([row, "other"], [image, "my/other.jpg"])
    assert found.images == {row: [image], "other": ["my/other.jpg"]}
    assert found.inexact == [row]


def test_a_path_longer_than_that_of_the_image_is_not_another_path():
    found = match(["data/a/1.png"], ["a/1.png", "b/1.png"])
    assert (found.images, found.inexact) == ({"data/a/1.png": ["a/1.png"]}, [])


def test_the_longest_common_end_of_the_paths_wins():
    images = ["train/a/1.png", "train/b/1.png", "test/b/1.png"]
    rows = ["x/train/b/1.png", "a/1.png", "test/b/1"]
    expected = zip(rows, ["train/b/1.png", "train/a/1.png", "test/b/1.png"], strict=True)
    assert match(rows, images).images == {row: [image] for row, image in expected}


def test_exact_names_come_before_other_spellings():
    rows = ["1", "01", "1.png", "A.png", "a"]
    images = ["x/1.jpg", "x/01.jpg", "x/1.png", "x/a.png", "x/A.png"]
    found = match(rows[1:], images)
    assert found.images == {
        "01": ["x/01.jpg"],
        "1.png": ["x/1.png"],
        "A.png": ["x/A.png"],
        "a": ["x/a.png"],
    }
    assert match(rows, images).images == found.images | {"1": ["x/1.jpg"]}


def test_images_with_equal_content_have_the_same_row():
    found = match_rows(["1"], ["a/1.png", "b/1.png"], {"a/1.png": 0, "b/1.png": 0}.get)
    assert found.images == {"1": ["a/1.png", "b/1.png"]}


@pytest.mark.parametrize(
    ("row", "images"),
    [
        ("1", ["train/1.png", "test/1.png"]),
        ("/data/1/x.jpg", ["a/x.jpg", "b/x.jpg"]),
        ("001", ["a/1.png", "a/01.png"]),
        ("x", ["a/X.png", "a/X.jpg"]),
    ],
)
def test_images_with_different_contents_are_doubtful(row, images):
    found = match([row], images)
    assert (found.images, found.doubtful) == ({}, {row: images})


@pytest.mark.parametrize(
    ("rows", "images", "matched"),
    [
        # The table has rows of images that are not in the archive.
        (["train/1.png", "test/1.png"], ["test/1.png"], ["test/1.png"]),
        (["train/1.png"], ["test/1.png"], []),
        (["p1/view.jpg", "p2/view.jpg"], ["p1/view.jpg", "p3/view.jpg"], ["p1/view.jpg"]),
        (["a/1.png", "b/1.png"], ["c/1.png"], []),
        (["1", "01"], ["001.png"], []),
        (["1", "2"], ["1.png", "01.png"], ["1"]),
        (["", "1"], ["1.png"], ["1"]),
        (["1.5"], ["1.png"], []),
        (["10"], ["1.png"], []),
    ],
)
def test_rows_that_mean_no_image_for_certain_match_none(rows, images, matched):
    found = match(rows, images)
    assert (list(found.images), found.doubtful) == (matched, {})


@pytest.mark.parametrize(
    ("folder", "inside"),
    [
        ("train", True),
        ("my/train", True),
        ("train/cat", True),
        ("./train/", True),
        ("my\\train", True),
        ("my/cat", False),
        ("rain", False),
        ("1.png", False),
    ],
)
def test_a_folder_is_a_part_of_the_path(folder, inside):
    assert in_folder("my/train/cat/1.png", folder) is inside


@pytest.mark.parametrize("row", ["{}", "x{}/image.png", "/up/{}/x{}.png", "IMG{:06}"])
def test_the_time_is_linear(row):
    n = 20_000
    images = [f"x{i}/image.png" for i in range(n)] + [f"y/img{i}.png" for i in range(n)]
    start = time.process_time()
    match([row.format(i, i) for i in range(n)], images)
    assert time.process_time() - start < 10  # 1 s; a quadratic search takes minutes


def match(rows, images):
    return match_rows(rows, images, str)
