"""Copies of a picture are found, counted, drawn and kept in one split."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from convline.images.image_cache import ImageCache
from convline.images.near_duplicates import (
    NearDuplicates,
    Pair,
    describe_pairs,
    find_near_duplicates,
    group_pairs,
)
from convline.images.scan import inspect_all
from convline.params.loading import load_params
from tests.image_archives import metrics, pack, pets
from tests.pictures import copies, encode, picture

SMALL_COPIES = 31


def pictures(count=10, folder="x"):
    """Return a PNG of each of `count` pictures in each of two classes."""
    return {
        f"{folder}/{label}/{i}.png": encode(picture((i, label == "cat")))
        for label in ("cat", "dog")
        for i in range(count)
    }


def find(folder, files):
    archive = folder / "a.zip"
    archive.write_bytes(pack(files))
    with ImageCache(archive, None, folder) as cache:
        scan = inspect_all(archive, load_params().organize, lambda _: True, cache)
        return find_near_duplicates(scan.images, cache)


def split_of_files(tree):
    return {name.split("/", 1)[1]: name.split("/")[0] for name in tree}


@pytest.mark.parametrize("kind", copies(picture(0)))
def test_each_copy_is_found_and_nothing_else(tmp_path, kind):
    files = pictures()
    files |= {f"y/cat/{i}": copies(picture((i, True)))[kind] for i in range(3)}
    pairs = find(tmp_path, files).pairs
    # The PNG has the same bytes: duplicates are not near duplicates.
    found = [(f"x/cat/{i}.png", f"y/cat/{i}") for i in range(3)] * (kind != "png")
    assert sorted(pair[:2] for pair in pairs) == found
    assert all(0.94 <= pair.similarity <= 1 for pair in pairs)
    assert [x.similarity for x in pairs] == sorted((x.similarity for x in pairs), reverse=True)


def test_the_result_does_not_depend_on_the_order_in_the_archive(tmp_path):
    files = pictures(6) | {
        f"y/{kind}/{i}": copy for i in range(2) for kind, copy in copies(picture((i, True))).items()
    }
    found = find(tmp_path, files)
    assert len(found.pairs) > 20
    backwards = dict(reversed(files.items()))
    assert find(tmp_path, backwards) == found


def test_images_under_32_pixels_are_never_joined(tmp_path):
    files = {
        f"x/{kind}/{i}.jpg": encode(picture(i, SMALL_COPIES), "JPEG", quality=quality)
        for kind, quality in (("a", 90), ("b", 60))
        for i in range(9)
    }
    assert find(tmp_path, files) == ([], 0)


def test_copies_with_32_to_64_pixels_are_found(tmp_path):
    files = pictures(4)
    files |= {f"y/{i}.png": encode(picture((i, True)).resize((32, 40))) for i in range(4)}
    assert len(find(tmp_path, files).pairs) == 4


def test_copies_of_equal_images_are_found_under_the_first_name(tmp_path):
    copy = copies(picture((0, True)))["quality 60"]
    files = {"b.jpg": copy, "c.jpg": copy, "a.png": encode(picture((0, True)))}
    assert [pair[:2] for pair in find(tmp_path, files).pairs] == [("a.png", "b.jpg")]


def test_pairs_form_groups_through_others():
    pairs = [Pair("a", "b", 1), Pair("c", "d", 1), Pair("b", "e", 1)]
    assert sorted(map(sorted, group_pairs(pairs))) == [["a", "b", "e"], ["c", "d"]]


def test_what_is_printed():
    pairs = [Pair("a", "b", 0.99), Pair("c", "d", 0.98)]
    targets = {
        name: Path(split, label, name)
        for name, split, label in (
            ("a", "train", "cat"),
            ("b", "test", "cat"),
            ("c", "train", "cat"),
            ("d", "train", "dog"),
        )
    }
    advice = "organize.split_method: fractions with organize.near_duplicates: together joins them"
    doubt = "one of the labels may be wrong"
    assert list(describe_pairs(NearDuplicates(pairs, 1200), targets)) == [
        "near duplicates: 2 pairs, 2 groups of up to 2 images",
        f"near duplicates in two splits: 1 pair, such as 'a' and 'b'; {advice}",
        f"near duplicates in two classes: 1 pair, such as 'c' and 'd'; {doubt}",
        "1,200 images resemble more than 8 others; only the 8 closest were compared",
    ]
    assert list(describe_pairs(NearDuplicates([], 0), {})) == []


def versions():
    """Return 20 pictures, each as PNG, as JPEG and in grey."""
    files = {}
    for label in ("cat", "dog"):
        for i in range(10):
            kinds = copies(picture((i, label == "cat")))
            for kind in ("png", "quality 60", "grey"):
                files[f"x/{label}/{i}_{kind.split()[0]}"] = kinds[kind]
    return files


def test_images_stored_three_times_are_kept_in_one_split(run):
    splits = split_of_files(run(versions()))
    assert len(splits) == 60
    for label in ("cat", "dog"):
        for i in range(10):
            assert len({splits[f"{label}/{i}_{kind}"] for kind in ("png", "quality", "grey")}) == 1
    found = metrics()["near_duplicates"]
    assert (found["pairs"], found["groups"], found["grouped_images"]) == (60, 20, 60)
    assert (found["largest_group"], found["in_two_splits"], found["in_two_classes"]) == (3, 0, 0)
    groups = json.loads(Path("data/groups.json").read_text())
    assert groups == {key: f"{key.split('_')[0]}_grey" for key in splits}


def test_report_counts_and_draws_but_does_not_tie(run, set_params):
    set_params(**{"organize.near_duplicates": "off"})
    alone = run(versions())
    assert metrics()["near_duplicates"]["pairs"] == 0
    set_params(**{"organize.near_duplicates": "report"})
    assert run(versions()) == alone
    found = metrics()["near_duplicates"]
    assert (found["pairs"], found["groups"]) == (60, 20)
    assert found["in_two_splits"] > 0
    assert json.loads(Path("data/groups.json").read_text()) == {}
    rows = list(csv.DictReader(Path("data/near_duplicates.csv").read_text().splitlines()))
    assert len(rows) == 60
    apart = sum(row["first_split"] != row["second_split"] for row in rows)
    assert apart == found["in_two_splits"]


def test_the_closest_pairs_are_drawn(run):
    run(versions())
    with Image.open("metrics/organize/near_duplicates.png") as sheet:
        assert sheet.size == (4 * 176, 6 * (168 + 3 * 16 + 16))


def test_without_near_duplicates_nothing_changes(run, set_params):
    tree = run(pets())
    assert metrics()["near_duplicates"]["pairs"] == 0
    assert Path("data/near_duplicates.csv").read_text().count("\n") == 1
    assert Path("metrics/organize/near_duplicates.png").exists()
    set_params(**{"organize.near_duplicates": "off"})
    assert run(pets()) == tree


def folders():
    """Return the folders train, val and test; two pictures of train have a copy in test."""
    files = {
        f"{folder}/{label}/{i}.png": encode(picture((start + i, label == "cat")))
        for folder, start, count in (("train", 0, 9), ("val", 100, 2), ("test", 200, 3))
        for label in ("cat", "dog")
        for i in range(count)
    }
    return files | {
        "test/cat/copy.jpg": copies(picture((0, True)))["quality 60"],
        "test/dog/copy.jpg": copies(picture((0, False)))["grey"],
    }


@pytest.mark.parametrize("method", ["test_folder", "folders"])
@pytest.mark.parametrize("duplicates", ["error", "together"])
def test_near_duplicates_in_two_folders_are_named_and_stay(
    run, set_params, capsys, method, duplicates
):
    files = folders()
    set_params(**{"organize.split_method": method, "organize.duplicates": duplicates})
    splits = split_of_files(run(files))
    assert splits["cat/copy.jpg"] == splits["dog/copy.jpg"] == "test"
    found = metrics()["near_duplicates"]
    assert (found["in_two_splits"], found["in_two_archive_splits"]) == (2, 2)
    assert metrics()["moved"] == 0
    assert "near duplicates in two splits: 2 pairs, such as" in capsys.readouterr().out


def test_a_group_grows_by_the_near_duplicates_of_its_images(run, set_params):
    files = {
        f"x/{label}/person{i}_{j}.png": encode(picture((i, j, label == "cat")))
        for label in ("cat", "dog")
        for i in range(6)
        for j in range(2)
    }
    files["x/cat/person9_0.jpg"] = copies(picture((0, 1, True)))["quality 60"]
    files["x/cat/other.jpg"] = copies(picture((0, 0, True)))["quality 60"]
    set_params(**{"organize.group_pattern": r"(person\d+)_"})
    splits = split_of_files(run(files))
    groups = json.loads(Path("data/groups.json").read_text())
    joined = ["cat/other.jpg", "cat/person0_0.png", "cat/person0_1.png", "cat/person9_0.jpg"]
    assert len({splits[key] for key in joined}) == 1
    assert len({groups[key] for key in joined}) == 1
    assert groups["cat/person1_0.png"] == "person1"
