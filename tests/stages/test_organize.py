"""From an archive to train, validation and test folders: each image once, or named as left out."""

import io
import tarfile
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from convline.runtime.errors import UserError
from tests.image_archives import (
    CLASSES,
    SPLITS,
    count,
    metrics,
    pack,
    pack_unmarked,
    pair,
    pets,
    png,
    tree_of,
)

BAD = b"This is a text."
LITTER = {"x/.DS_Store": b"1", "__MACOSX/x/cat/0.png": b"2", "x/cat/._0.png": b"3"}


def test_classes_are_read_from_folders(run):
    tree = run(pets())
    assert count(tree, "class") == CLASSES
    assert sorted(tree.values()) == sorted(pets().values())
    assert count(tree, "split") == {split: metrics()[split] for split in SPLITS}
    assert (metrics()["images"], metrics()["n_classes"], metrics()["unlabelled"]) == (74, 3, 0)


def test_classes_are_read_from_file_names(run, set_params):
    set_params(**{"organize.labels_from": "filename"})
    files = {f"train/{label}.{i}.png": png(label, i) for label in CLASSES for i in range(9)}
    assert count(run(files), "class") == dict.fromkeys(CLASSES, 9)


def test_images_without_a_class_are_counted_and_left_out(run, set_params):
    set_params(**{"organize.labels_from": "filename", "organize.label_pattern": r"^(cat|dog)\."})
    files = {f"{label}.{i}.png": png(label, i) for label in ("cat", "dog") for i in range(9)}
    files |= {"readme.png": png("readme"), "test1/17.png": png(17)}
    assert count(run(files), "class") == {"cat": 9, "dog": 9}
    assert metrics()["unlabelled"] == 2


def test_images_in_a_split_folder_or_in_none_have_no_class(run):
    run({**pair("train", 9), **pair("test", 9), "train/1.png": png("stray"), "0.png": png("top")})
    assert metrics()["unlabelled"] == 2


@pytest.mark.parametrize("shares", [(0.7, 0.15, 0.15), (0.5, 0.25, 0.25), (0.8, 0.1, 0.1)])
def test_each_class_has_its_share_of_each_split_within_one_image(run, set_params, shares):
    fractions = dict(zip(SPLITS, shares, strict=True))
    set_params(**{"organize.fractions": fractions})
    found = Counter(tuple(name.split("/")[:2]) for name in run(pets()))
    assert sum(found.values()) == sum(CLASSES.values())
    for label, images in CLASSES.items():
        for split, share in fractions.items():
            assert abs(found[split, label] - share * images) < 1


def test_class_names_that_a_zip_does_not_mark_as_utf8_are_read_as_utf8(run):
    files = {f"x/{c}/{i}.png": png(c, i) for c in ("cafés", "the") for i in range(20)}
    tree = run(pack_unmarked({name.encode(): data for name, data in files.items()}))
    assert count(tree, "class") == {"cafés": 20, "the": 20}


def test_japanese_class_names_are_asked_for_and_none_is_lost(run, set_params):
    classes = ("表", "ソ", "犬")  # the second byte of the first two is a backslash in ASCII
    files = {f"写真/{c}/{i}.png".encode("cp932"): png(c, i) for c in classes for i in range(9)}
    with pytest.raises(UserError, match=r"  cp932   写真/表/0\.png\n") as caught:
        run(pack_unmarked(files))
    assert "set organize.metadata_encoding" in str(caught.value)
    set_params(**{"organize.metadata_encoding": "cp932"})
    assert count(run(pack_unmarked(files)), "class") == dict.fromkeys(classes, 9)


def test_an_archive_beside_its_unpacked_folder_counts_once(run, set_params):
    set_params(**{"organize.max_bad_images": 1})
    inside = {f"{c}/{i}.png": png(c, i) for c in ("cat", "dog") for i in range(20)}
    inside |= {"readme.txt": b"hello", "cat/bad.png": BAD}
    beside = {f"train/{name}": data for name, data in inside.items()}
    assert count(run({"train.zip": pack(inside), **beside}), "class") == {"cat": 20, "dog": 20}
    assert (metrics()["images"], metrics()["bad_images"], metrics()["repeated"]) == (40, 1, 42)


def test_an_archive_with_its_own_top_folder_beside_that_folder_counts_once(run):
    beside = {f"train/{c}/{i}.png": png(c, i) for c in ("cat", "dog") for i in range(20)}
    assert count(run({"train.zip": pack(beside), **beside}), "class") == {"cat": 20, "dog": 20}
    assert metrics()["repeated"] == 40


def test_a_name_of_an_image_and_of_a_text_is_refused(run):
    beside = {"train/x/cat/readme": b"hello"}
    with pytest.raises(UserError, match="two different files are named 'train/x/cat/readme'"):
        run({"train.zip": pack({**pets(), "x/cat/readme": png("readme")}), **beside})


def test_an_archive_beside_a_changed_folder_is_refused(run):
    beside = {f"train/{name}": data for name, data in pets().items()}
    changed = beside | {"train/x/cat/3.png": png("another")}
    with pytest.raises(UserError, match=r"two different files are named 'train/x/cat/3\.png'"):
        run({"train.zip": pack(pets()), **changed})


def test_the_same_seed_writes_the_same_tree(run):
    first, content = run(pets()), metrics()
    assert (run(pets()), metrics()) == (first, content)


def test_neither_litter_nor_the_order_of_the_archive_changes_the_tree(run):
    first = run(pets())
    assert run({**LITTER, **dict(reversed(pets().items())), "notes.txt": b"4"}) == first


def test_another_seed_writes_another_tree(run, set_params):
    first = run(pets())
    set_params(seed=43)
    second = run(pets())
    assert second != first
    assert count(second, "split") == count(first, "split")


def test_limit_selects_that_many_images_at_random(run, set_params):
    set_params(**{"organize.limit": 30})
    assert count(run(pets()), "class").keys() == CLASSES.keys()
    assert metrics()["images"] == 30
    set_params(**{"organize.limit": 1000})
    assert len(run(pets())) == sum(CLASSES.values())


def test_split_folders_keeps_the_splits_of_the_archive(run, set_params):
    set_params(**{"organize.split_method": "folders"})
    folders = dict(zip(SPLITS, ("x/Training", "x/val", "x/test_set"), strict=True))
    tree = run({n: data for folder in folders.values() for n, data in pair(folder, 4).items()})
    assert tree == {
        name.replace(folder, split): data
        for split, folder in folders.items()
        for name, data in pair(folder, 4).items()
    }


def test_split_test_folder_keeps_the_test_and_divides_the_rest(run, set_params):
    set_params(**{"organize.split_method": "test_folder"})
    tree = run({**pair("train", 16), **pair("val", 7), **pair("test", 5)})
    assert count(tree, "split") == {"train": 38, "validation": 8, "test": 10}
    assert {name: tree[name] for name in tree if name.startswith("test/")} == pair("test", 5)


@pytest.mark.parametrize(
    ("split", "folders", "why"),
    [
        ("folders", ["x/train", "x/test"], "the archive has no validation folder"),
        (
            "folders",
            ["train", "val", "test", "."],
            r"'(cat|dog)/.\.png' is in no train, validation or",
        ),
        ("test_folder", ["train", "val"], "the archive has no test folder"),
    ],
)
def test_a_split_that_the_archive_does_not_have_is_refused(run, set_params, split, folders, why):
    set_params(**{"organize.split_method": split})
    with pytest.raises(UserError, match=why):
        run({name: data for folder in folders for name, data in pair(folder, 9).items()})


def test_names_that_would_collide_all_arrive(run, set_params):
    set_params(**{"organize.labels_from": "path", "organize.label_pattern": r"([^/]+)/[^/]+$"})
    long = "ä" * 148 + ".png"
    names = ["a/cat/1.png", "b/cat/1.png", "a/cat/Q.png", "a/cat/q.PNG", "a/cat/2.JPeG"]
    names += ["a/cat/é.png", "a/cat/e\u0301.png", "猫/cat/猫.png"]
    names += [f"a/cat/{long}", f"b/cat/{long}", f"b/cat/x{long}"]
    files = {name: png(name) for name in names}
    tree = run({**files, **pair("x", 9)})
    assert sorted(tree.values()) == sorted([*files.values(), *pair("x", 9).values()])
    on_a_mac = {unicodedata.normalize("NFC", name.split("/", 1)[1]).casefold() for name in tree}
    assert len(on_a_mac) == len(tree)
    assert "猫.png" in {Path(name).name for name in tree}
    assert max(len(name.split("/")[2].encode()) for name in tree) <= 255


def test_a_file_name_that_is_not_unicode_is_written(run, set_params):
    set_params(**{"organize.labels_from": "path", "organize.label_pattern": r"([^/]+)/[^/]+$"})
    files = {**pair("x", 9), "x/cat/café.png": png(1), "y/cat/café.png": png(2)}
    packed = io.BytesIO()
    kind = {"format": tarfile.GNU_FORMAT, "encoding": "latin-1"}
    with tarfile.open(fileobj=packed, mode="w", **kind) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    assert len(run(packed.getvalue())) == 20


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_images_with_the_same_path_are_refused(run):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in [*pets().items(), ("x/cat/0.png", png("another"))]:
            archive.writestr(name, data)
    with pytest.raises(UserError, match=r"x/cat/0\.png"):
        run(packed.getvalue())


def test_a_bad_image_stops_the_stage_and_leaves_the_last_result(run):
    first = run(pets())
    with pytest.raises(UserError) as caught:
        run({**pets(), "x/cat/bad.png": BAD})
    counts = "1 of 75 images cannot be decoded; organize.max_bad_images is 0, and 1 (or 2%) would"
    assert f"{counts} leave them out:\n" in str(caught.value)
    assert "x/cat/bad.png: not an image" in str(caught.value)
    assert tree_of("data/organized") == first
    assert not list(Path().rglob(".partial-*"))


@pytest.mark.parametrize("limit", [2, "3%", "2.64%"])
def test_bad_images_within_the_limit_are_counted_and_named(run, set_params, limit):
    first = run(pets())
    set_params(**{"organize.max_bad_images": limit})
    assert run({**pets(), "x/dog/b.png": BAD, "x/cat/a.jpg": BAD}) == first
    bad = ["x/cat/a.jpg: not an image", "x/dog/b.png: not an image"]
    assert (metrics()["bad_images"], metrics()["bad"]) == (2, bad)


def test_a_share_below_that_of_bad_images_stops_the_stage(run, set_params):
    set_params(**{"organize.max_bad_images": "2.6%"})
    with pytest.raises(UserError, match=r"max_bad_images is 2.6%, and 2 \(or 3%\) would"):
        run({**pets(), "x/dog/b.png": BAD, "x/cat/a.jpg": BAD})


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"readme.txt": b"1"}, r"own\.zip; supported formats: .*JPEG.*\n  ignored: 1 .txt"),
        ({}, "no images found in"),
        ({"1.png": "top"}, "two classes or more; the images have none"),
        ({"x/cat/1.png": "a", "x/cat/2.png": "b"}, "have only 'cat'"),
        ({f"{c}/{i}.png": f"{c}{i}" for c in ("cat", "Cat") for i in range(9)}, "'Cat' and 'cat'"),
        ({f"{c}/{i}.png": f"{c}{i}" for c in ("cat", "ä" * 150) for i in range(9)}, "ää.*too long"),
    ],
)
def test_an_archive_that_cannot_train_a_classifier_is_refused(run, files, why):
    images = {name: png(x) if isinstance(x, str) else x for name, x in files.items()}
    with pytest.raises(UserError, match=why):
        run(images)
    assert not Path("data/organized").exists()


def test_images_without_a_class_are_counted_in_the_error(run):
    files = {f"images/{i}.png": png(i) for i in range(9)}
    with pytest.raises(UserError) as caught:
        run({**files, "annotations/trimaps/1.png": png("t"), "labels.csv": b"id,label"})
    lines = str(caught.value).splitlines()
    assert "the images have only 'trimaps'" in lines[0]
    assert lines[1] == "  with a class: 1, such as 'annotations/trimaps/1.png'"
    assert lines[2].startswith("  9 files: in a folder at another depth than the class folders (")
    assert any("(.csv in .)" in line for line in lines[3:])


def test_a_class_of_a_single_image_is_refused_by_name(run):
    with pytest.raises(UserError, match=r"class 'emu' \(1 image\) has none in validation"):
        run({**pets(), "x/emu/0.png": png("emu")})


@pytest.mark.parametrize("classes", [("COVID", "Normal"), ("defect", "ok")])
def test_a_healthy_class_that_would_be_screened_for_is_a_warning(run, set_params, capsys, classes):
    first, second = classes
    files = {f"x/{c}/{i}.png": png(c, i) for c in classes for i in range(9)}
    tree = run(files)
    out = capsys.readouterr().out
    assert (
        f"positive class: {second}, the second by name; evaluate.positive_class: '{first}'" in out
    )
    assert f"warning: {second} is the positive class" in out
    set_params(**{"evaluate.positive_class": first})
    assert run(files) == tree
    out = capsys.readouterr().out
    assert f"positive class: {first}, as set by evaluate.positive_class" in out
    assert "warning" not in out


def test_a_positive_class_that_is_not_a_class_is_refused_before_any_training(run, set_params):
    set_params(**{"evaluate.positive_class": "Covid"})
    files = {f"x/{c}/{i}.png": png(c, i) for c in ("COVID", "Normal") for i in range(9)}
    with pytest.raises(UserError, match="must be 'COVID' or 'Normal', got 'Covid'"):
        run(files)
    assert not Path("data/organized").exists()
