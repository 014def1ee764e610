"""Classes and splits from folders, in layouts of public data sets, and doubtful trees."""

from collections import Counter

import pytest

from convline.labels.folder_tree import LONE_FOLDER, read_folders
from convline.labels.split_tree import IN_SPLIT, NO_FOLDER, OTHER_DEPTH, TO_PREDICT
from convline.params.loading import validate
from convline.runtime.errors import UserError
from tests.image_archives import count, png

N = 3  # images per folder


@pytest.fixture
def read(default):
    """Return a function that reads a tree of folders, with N images in each."""

    def read(*folders, **changes):
        default["organize"].update(changes)
        names = [f"{folder}/{i}.png".removeprefix("/") for folder in folders for i in range(N)]
        return read_folders(names, validate(default, "params.yaml").organize)

    return read


def both(*parents):
    return [f"{parent}/{label}" for parent in parents for label in ("cat", "dog")]


@pytest.mark.parametrize(
    ("folders", "classes"),
    [
        (["PetImages/Cat", "PetImages/Dog"], {"Cat": 1, "Dog": 1}),
        (both("training_set/training_set", "test_set/test_set"), {"cat": 2, "dog": 2}),
        (both("d/TRAIN", "d/TEST", "d/VALID"), {"cat": 3, "dog": 3}),
        (both("seg_train/seg_train", "seg_test/seg_test"), {"cat": 2, "dog": 2}),
        (both("trainval", "test"), {"cat": 2, "dog": 2}),
        (both("train/train", "test"), {"cat": 2, "dog": 2}),
        (["mnist/training/0", "mnist/testing/0", "mnist/training/1"], {"0": 2, "1": 1}),
        (["cat/train", "cat/test", "dog/train", "dog/test"], {"cat": 2, "dog": 2}),
        (["train/A/images", "train/B/images"], {"A": 1, "B": 1}),
        (["R/COVID/images", "R/Normal/images"], {"COVID": 1, "Normal": 1}),
        (["lung/l_aca", "lung/l_n", "colon/c_n"], {"l_aca": 1, "l_n": 1, "c_n": 1}),
        (["v/bus", "v/car", "v/train", "v/plane"], {"bus": 1, "car": 1, "train": 1, "plane": 1}),
        (["car", "train"], {"car": 1, "train": 1}),
        (["exam", "quiz", "test"], {"exam": 1, "quiz": 1, "test": 1}),
        (["port", "fast_train", "train_station"], {"port": 1, "fast_train": 1, "train_station": 1}),
        (["c0", "c1", "c2"], {"c0": 1, "c1": 1, "c2": 1}),
        (["fire_images", "non_fire_images"], {"fire_images": 1, "non_fire_images": 1}),
    ],
)  # fmt: skip
def test_the_class_is_found(read, folders, classes):
    found = read(*folders)
    assert Counter(found.classes.values()) == {label: N * n for label, n in classes.items()}
    assert not found.unlabelled


@pytest.mark.parametrize(
    ("labelled", "unlabelled", "why"),
    [
        (both("seg_train/seg_train", "seg_test/seg_test"), "seg_pred/seg_pred", TO_PREDICT),
        (both("train", "test", "valid"), "images to predict", TO_PREDICT),
        (both("asl_train/asl_train"), "asl_test", IN_SPLIT),
        (both("asl_train/asl_train"), "asl_test/asl_test", IN_SPLIT),
        (both("train"), "test", IN_SPLIT),
        (both("train"), "train", IN_SPLIT),
        (both("train", "val"), "test/unknown", LONE_FOLDER),
        (["train/A/images", "train/B/images"], "val/images", IN_SPLIT),
        (both("Train", "Test"), "Meta", OTHER_DEPTH),
        (both("fruits/Training", "fruits/Test"), "fruits/test-multiple_fruits", OTHER_DEPTH),
        (both("x/images"), "x/samples", OTHER_DEPTH),
        (["w/train/n01", "w/train/n02"], "w/val", IN_SPLIT),
        (["w/train/n01/images", "w/train/n02/images"], "w/val/images", LONE_FOLDER),
        (["Data/CLS-LOC/train/n01", "Data/CLS-LOC/train/n02"], "Data/CLS-LOC/test", IN_SPLIT),
        (both("simpsons"), "simpson_testset/simpson_testset", IN_SPLIT),
        (both("x"), "x", OTHER_DEPTH),
        (both("x"), "y/z/w", OTHER_DEPTH),
        (both("x"), "", NO_FOLDER),
        (both("x"), "x/pred", TO_PREDICT),
        (both(""), "unlabeled/a", TO_PREDICT),
    ],
)  # fmt: skip
def test_images_without_a_class_are_left_out_with_a_reason(read, labelled, unlabelled, why):
    found = read(*labelled, unlabelled)
    assert set(found.classes.values()) <= {"cat", "dog", "A", "B", "n01", "n02"}
    assert len(found.classes) == N * len(labelled)
    assert set(found.unlabelled.values()) == {why}
    assert len(found.unlabelled) == N


def test_splits_are_read_from_the_names_of_folders(read):
    found = read(*both("seg_train", "dev", "evaluation"))
    assert {name.split("/")[0]: split for name, split in found.splits.items()} == {
        "seg_train": "train",
        "dev": "validation",
        "evaluation": "test",
    }
    assert "train is 'seg_train', by name; organize.split_folders chooses others" in found.notes


def test_split_folders_can_be_named(read):
    folders = {"train": ["fold1", "fold2"], "test": "fold3"}
    found = read(*both("fold1", "fold2", "fold3"), split_folders=folders)
    assert {name.split("/")[0]: split for name, split in found.splits.items()} == {
        "fold1": "train",
        "fold2": "train",
        "fold3": "test",
    }


def test_two_folders_that_may_mean_one_split_are_doubtful(read):
    folders = both("train", "test", "evaluation")
    doubt = "'evaluation' and 'test' may both mean test: organize.split_folders: "
    assert any(
        note.startswith(f"{doubt}{{test: [evaluation, test]}}") for note in read(*folders).notes
    )
    with pytest.raises(UserError, match="may both mean test"):
        read(*folders, split_method="test_folder")
    named = {"test": ["evaluation", "test"]}
    found = read(*folders, split_method="test_folder", split_folders=named)
    assert Counter(found.splits.values()) == {"train": 6, "test": 12}
    found = read(*both("train", "test"), split_method="test_folder", split_folders={"test": "test"})
    assert set(found.splits.values()) == {"train", "test"}


@pytest.mark.parametrize(
    ("folders", "readings"),
    [
        (
            ["R/COVID/images", "R/COVID/masks", "R/Normal/images", "R/Normal/masks"],
            ["COVID 6, Normal 6:", "images 6, masks 6:", "COVID 3, Normal 3:"],
        ),
        (both("color", "grayscale"), ["cat 6, dog 6:", "color 6, grayscale 6:", "cat 3, dog 3:"]),
        (["x/cat", "x/dog", "y/Cat"], ["Cat 3, cat 3, dog 3:", "x 6, y 3:"]),
        (["cat", "dog", "cat/persian", "dog/pug"], []),
        (["sick/patient1", "sick/patient2", "well/patient3"], ["sick 6, well 3:"]),
        (["x/cat", "x/dog/batch1", "x/dog/batch2"], []),
        (
            [f"{x}/{y}/{z}X" for x in ("benign", "malignant") for y in "ab" for z in (40, 100)],
            ["benign 12, malignant 12:", "100X 12, 40X 12:", "a 12, b 12:"],
        ),
        (both("rps/rps", "rps-test-set/rps-test-set"), ["cat 6, dog 6:"]),
    ],
)  # fmt: skip
def test_a_tree_with_several_readings_is_refused_with_each(read, folders, readings):
    with pytest.raises(UserError) as caught:
        read(*folders)
    lines = [line.strip() for line in str(caught.value).splitlines()]
    assert "choose one reading in params.yaml" in lines[0]
    assert "organize.split_folders" in lines[0]
    assert "organize.labels_from: path" in lines
    assert set(readings) <= set(lines)


def test_the_params_of_a_reading_select_it(read):
    folders = ["color/cat", "color/dog", "grayscale/cat", "grayscale/dog"]
    found = read(*folders, split_folders={"train": "color", "test": "grayscale"})
    assert Counter(found.classes.values()) == {"cat": 6, "dog": 6}
    assert set(found.splits.values()) == {"train", "test"}


def test_a_class_named_like_a_split_is_noted(read):
    (note,) = read("v/bus", "v/car", "v/train").notes
    assert note.startswith("'v/train' is read as a class, since it is beside 'bus', 'car';")


def test_a_folder_that_may_be_a_class_or_a_split_is_refused(read):
    with pytest.raises(
        UserError, match="'x/test1' may be a class or unlabelled images, beside 'cat'"
    ):
        read("x/cat", "x/dog", "x/test1")


@pytest.mark.parametrize(
    "folders", [["part_1", "part_2"], ["images_001/images", "images_2/images"]]
)
def test_parts_of_one_set_are_not_classes(read, folders):
    with pytest.raises(UserError, match="named like parts of one data set, not like classes"):
        read(*folders)


@pytest.mark.parametrize(
    ("folders", "classes"),
    [
        (["train_cat", "train_dog", "test_cat", "test_dog"], "'test_cat' and 'train_cat'"),
        (["trainA", "trainB", "testA", "testB"], "'testA' and 'trainA'"),
    ],
)
def test_splits_in_the_names_of_classes_are_refused(read, folders, classes):
    with pytest.raises(UserError, match=f"the folders {classes} are named like splits of one"):
        read(*folders)


def test_masks_are_not_classes(read):
    with pytest.raises(UserError, match="the folder 'cats_masks' is named like masks of 'cats'"):
        read("x/cats", "x/dogs", "x/cats_masks", "x/dogs_masks")
    assert set(read("x/mask", "x/no_mask").classes.values()) == {"mask", "no_mask"}


def test_masks_beside_their_images_are_refused_until_files_are_selected(run, set_params):
    files = {f"{c}/{c} ({i}){end}.png": png(c, i, end)
             for c in ("benign", "normal") for i in range(9) for end in ("", "_mask")}  # fmt: skip
    with pytest.raises(UserError, match=r"18 of 36 images are named like masks .*\['\*_mask\*'\]"):
        run(files)
    set_params(**{"organize.exclude": ["*_mask*"]})
    assert count(run(files), "class") == {"benign": 9, "normal": 9}
    set_params(**{"organize.exclude": None, "organize.include": ["*"]})
    assert count(run(files), "class") == {"benign": 18, "normal": 18}


def test_a_joined_reading_is_offered_and_read(run, set_params):
    folders = [f"{plant}/{state}" for plant in ("Apple", "Corn") for state in ("Healthy", "Rust")]
    files = {f"{folder}/{i}.png": png(folder, i) for folder in folders for i in range(9)}
    pattern = "([^/]+/[^/]+)/[^/]+$"
    with pytest.raises(UserError, match="Apple_Healthy 9, Apple_Rust 9, Corn_Healthy 9") as caught:
        run(files)
    assert f"organize.label_pattern: {pattern}" in str(caught.value)
    set_params(**{"organize.labels_from": "path", "organize.label_pattern": pattern})
    assert len(count(run(files), "class")) == 4


def test_the_folders_above_the_classes_are_mentioned(read):
    (note,) = read("lung/lung_aca", "lung/lung_n", "colon/colon_n").notes
    assert note.startswith("classes are the last folders; the folders above are colon 3, lung 6")
