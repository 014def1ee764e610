"""Selected classes and duplicates, as in real archives."""

import json
import string
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convline.params.loading import load_params
from convline.runtime.errors import UserError
from tests.image_archives import CLASSES, RANDOM_ARCHIVES, SPLITS, count, metrics, pair, pets, png


def test_classes_are_selected_renamed_and_merged(run, set_params):
    set_params(**{"organize.classes": {"cat": "pet", "dog": "pet", "bee": "insect"}})
    assert count(run(pets()), "class") == {"pet": 63, "insect": 11}
    set_params(**{"organize.classes": {"dog": "dog", "bee": "bee"}})
    assert count(run(pets()), "class") == {"dog": 40, "bee": 11}
    assert metrics()["unlabelled"] == 23


def test_a_class_that_is_not_there_is_refused(run, set_params):
    set_params(**{"organize.classes": {"cat": "cat", "dogs": "dog"}})
    with pytest.raises(UserError, match="no image has the class 'dogs', did you mean 'dog'"):
        run(pets())


def test_equal_images_stay_together(run):
    same = {f"x/cat/copy{i}.png": png("same") for i in range(6)}
    tree = run({**pets(), **same})
    assert len({name.split("/")[0] for name in tree if "copy" in name}) == 1
    assert metrics()["equal_images"] == 5


def test_a_tree_that_is_there_twice_is_taken_once(run):
    files = {name.replace("x/", "xray/"): data for name, data in pets().items()}
    again = {f"xray/{name}": data for name, data in files.items()}
    assert count(run({**files, **again}), "class") == CLASSES
    assert (metrics()["images"], metrics()["repeated"]) == (74, 74)


def test_a_repeated_tree_of_splits_is_used_once(run, set_params):
    set_params(**{"organize.split_method": "folders"})
    files = {**pair("train", 8), **pair("val", 4), **pair("test", 4)}
    run({**files, **{f"x/{name}": data for name, data in files.items()}})
    assert (metrics()["images"], metrics()["repeated"]) == (32, 32)


@pytest.mark.parametrize("split", ["folders", "test_folder"])
def test_equal_images_in_two_kept_splits_are_refused_or_moved_to_train(run, set_params, split):
    set_params(**{"organize.split_method": split})
    files = {**pair("train", 8), **pair("val", 4), **pair("test", 4)}
    files["test/cat/leak.png"] = files["train/cat/train0.png"]
    with pytest.raises(UserError, match=r"test/cat/leak\.png' .* are the same image"):
        run(files)
    set_params(**{"organize.split_method": split, "organize.duplicates": "together"})
    tree = run(files)
    same = {name.split("/")[0] for name, data in tree.items() if data == png("train", "cat", 0)}
    assert len(same) == 1
    assert "test" not in same
    assert metrics()["moved"] == 1
    assert len([name for name in tree if name.startswith("test/")]) == 8


@pytest.mark.parametrize("name", ["Cat", "cat ", " cat", "CAT  "])
def test_classes_that_look_the_same_are_refused(run, set_params, name):
    files = {**pets(), **{f"x/{name}/{i}.png": png(name, i) for i in range(9)}}
    merge = f"organize.classes: {{'{min(name, 'cat')}': '{min(name, 'cat')}'"
    with pytest.raises(
        UserError, match=r"differ only in case or blanks; .*organize\.classes"
    ) as error:
        run(files)
    assert merge in str(error.value)
    set_params(**{"organize.classes": {"cat": "cat", name: "cat", "dog": "dog"}})
    assert count(run(files), "class") == {"cat": 32, "dog": 40}


def test_names_of_a_test_folder_are_no_classes(run, set_params):
    set_params(**{"organize.labels_from": "filename"})
    files = {f"train/{c}.{i}.png": png(c, i) for c in ("cat", "dog") for i in range(9)}
    files |= {f"test1/{i}.png": png("test", i) for i in range(9)}
    assert count(run(files), "class") == {"cat": 9, "dog": 9}
    assert metrics()["unlabelled"] == 9


def test_classes_that_only_some_splits_have_are_noted(run, capsys):
    files = {**pair("train", 9), **pair("valid", 9), "valid/cat_2/1.png": png("v")}
    with pytest.raises(UserError):
        run(files)
    printed = capsys.readouterr().out
    assert "splits, train and validation, are merged and divided again; to keep one as " in printed
    assert "class 'cat_2' is only in the archive's validation; organize.classes merges" in printed


def test_a_split_folder_that_is_not_there_is_refused(run, set_params):
    set_params(**{"organize.split_folders": {"test": "tset"}})
    with pytest.raises(UserError, match="no folder is called 'tset', did you mean 'test'"):
        run({**pair("train", 9), **pair("test", 9)})


def test_a_tree_that_is_there_twice_in_another_case_is_taken_once(run):
    again = {name.replace("x/", "X/"): data for name, data in pets().items()}
    assert count(run({**pets(), **again}), "class") == CLASSES


def test_the_two_unicode_forms_of_a_word_are_one_class(run, capsys):
    files = {f"x/caf\u00e9/{i}.png": png(i) for i in range(9)}
    files |= {f"x/cafe\u0301/{i}.png": png(i, "again") for i in range(9)}
    assert count(run({**pets(), **files}), "class") == {**CLASSES, "caf\u00e9": 18}
    assert "'x/caf\u00e9' is written in two Unicode forms" in capsys.readouterr().out


names = st.text(string.ascii_letters + string.digits + " _-.äß猫😀'%", min_size=1, max_size=12)


@st.composite
def archives(draw):
    """Two to four classes of 10 to 30 images, at odd paths, some broken, some of one group."""
    files, groups = {}, draw(st.booleans())
    folder = draw(st.sampled_from(["", "a/", "b/c/", "Ä ö/"]))
    for label in range(draw(st.integers(2, 4))):
        for i in range(draw(st.integers(10, 30))):
            name = draw(names).strip(" .") or "x"
            person = f"person{draw(st.integers(0, 8))}_" if groups else ""
            path = (
                f"{folder}class{label}/{person}{name}{i}{draw(st.sampled_from(['.png', '.PNG']))}"
            )
            broken = draw(st.integers(0, 19)) == 0
            files[path] = b"broken" if broken else png(label, i)
    return files, groups


@settings(RANDOM_ARCHIVES, max_examples=30)
@given(made=archives(), seed=st.integers(0, 5))
def test_each_image_of_any_archive_is_in_one_split(run, set_params, made, seed):
    files, groups = made
    pattern = r"^person(\d+)_" if groups else None
    set_params(**{"seed": seed, "organize.max_bad_images": 200, "organize.group_pattern": pattern})
    good = {name: data for name, data in files.items() if data != b"broken"}
    try:
        tree = run(files)
    except UserError as error:
        # A class may be too small, or its groups too large, for a split, or all of it broken.
        if "each class needs an image in each split" not in str(error):
            assert len({name.split("/")[-2] for name in good}) < 2
        return
    assert sorted(tree.values()) == sorted(good.values())
    assert metrics()["bad_images"] == len(files) - len(good)
    assert run(files) == tree
    if groups:
        people = defaultdict(set)
        for name in tree:
            person = Path(name).name.split("_")[0]
            people[person].add(name.split("/")[0])
        assert all(len(found) == 1 for found in people.values())
        return
    fractions = load_params().organize.fractions.model_dump()
    found = Counter(tuple(name.split("/")[:2]) for name in tree)
    for label, images in count(tree, "class").items():
        for split in SPLITS:
            assert abs(found[split, label] - fractions[split] * images) <= 1


def test_metrics_are_json_without_nan(run):
    run(pets())
    assert json.loads(Path("metrics/organize.json").read_text(), parse_constant=pytest.fail)


def test_equal_images_of_two_classes_are_named(run, capsys):
    run({**pets(), "x/cat/odd.png": png("odd"), "x/dog/even.png": png("odd")})
    assert metrics()["contradictory"] == [["x/cat/odd.png", "x/dog/even.png"]]
    assert "equal images, different classes: x/cat/odd.png" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["..", "a/b", ".hidden"])
def test_a_class_name_that_cannot_be_a_folder_is_refused(run, set_params, name):
    set_params(**{"organize.classes": {"cat": name, "dog": "dog"}})
    with pytest.raises(UserError, match="for a folder; rename it"):
        run(pets())
