"""Cross-validation: folds divide train and validation, and leave the test split unchanged."""

import copy
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from convline.labels.groups import group_of
from convline.labels.label_set import LabelSet
from convline.labels.split_folders import split_of_path
from convline.labels.splits import assign_splits, find_units
from convline.params.loading import validate
from convline.runtime.errors import UserError
from tests.image_archives import CLASSES, metrics, pair, pets, png

DEFAULT = YAML(typ="safe").load(Path("presets/default.yaml"))
FOLDS = 3


@pytest.mark.parametrize("split", ["fractions", "test_folder"])
@pytest.mark.parametrize("folds", [2, 3, 5])
def test_each_image_outside_test_is_validation_once(split, folds):
    cuts = cut_all(folds, images(), split_method=split)
    validation = [name for splits in cuts for name in splits["validation"]]
    rest = set(images()) - set(cuts[0]["test"])
    assert sorted(validation) == sorted(rest)
    for splits in cuts:
        assert set(splits["train"]) == rest - set(splits["validation"])
        assert len(splits["train"]) + len(splits["validation"]) == len(rest)


@pytest.mark.parametrize("group", [None, r"(\d)\.png$"])
@pytest.mark.parametrize("split", ["fractions", "test_folder"])
@pytest.mark.parametrize("folds", [2, 3])
def test_the_test_split_is_what_it_is_without_folds(split, folds, group):
    without = cut(images(), split_method=split, group_pattern=group)
    for splits in cut_all(folds, images(), split_method=split, group_pattern=group):
        assert splits["test"] == without["test"]


@pytest.mark.parametrize("folds", [2, 3, 4, 7])
def test_folds_are_equal_within_one_image_per_class_and_in_total(folds):
    labels = images()
    cuts = cut_all(folds, labels)
    rest = Counter(labels[name] for name in set(labels) - set(cuts[0]["test"]))
    for splits in cuts:
        found = Counter(labels[name] for name in splits["validation"])
        assert all(abs(found[label] - rest[label] / folds) < 1 for label in rest)
        assert abs(found.total() - rest.total() / folds) < 1


def test_many_small_classes_do_not_add_up_to_one_large_fold():
    labels = {f"test/{c}/{i}.png": f"{c}" for c in range(100) for i in range(2)}
    labels |= {f"train/{c}/{i}.png": f"{c}" for c in range(100) for i in range(4)}
    sizes = [len(splits["validation"]) for splits in cut_all(3, labels, split_method="test_folder")]
    assert sizes == [134, 133, 133]


def test_only_the_sum_of_the_train_and_validation_fractions_matters():
    first = cut(images(), folds=3, fractions={"train": 0.6, "validation": 0.2, "test": 0.2})
    second = cut(images(), folds=3, fractions={"train": 0.2, "validation": 0.6, "test": 0.2})
    assert first == second


@st.composite
def tied_images(draw):
    """Labels and contents of images, some of one group (`g3_`), some of the same bytes."""
    labels, contents = {}, {}
    for i in range(draw(st.integers(30, 90))):
        label, folder = draw(st.sampled_from("ab")), draw(st.sampled_from(["train", "val"]))
        name = f"{folder}/{label}/g{draw(st.integers(0, 30))}_{i}.png"
        labels[name], contents[name] = label, bytes([draw(st.integers(0, 60))])
    for label in "ab":
        labels[f"test/{label}/{label}.png"] = label
        contents[f"test/{label}/{label}.png"] = label.encode()
    return labels, contents


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    made=tied_images(),
    seed=st.integers(0, 5),
    split=st.sampled_from(["fractions", "test_folder"]),
    group=st.sampled_from([None, r"g(\d+)_"]),
)
def test_groups_and_equal_images_are_not_divided(made, seed, split, group):
    labels, contents = made
    changes = {"split_method": split, "group_pattern": group, "duplicates": "together"}
    try:
        cuts = cut_all(FOLDS, labels, contents, seed, **changes)
    except UserError as error:
        if "each class needs an image in each fold and in test" not in str(error):
            raise
        return  # A few large units do not fill three folds and the test.
    validated = Counter(name for splits in cuts for name in splits["validation"])
    assert validated.keys() == labels.keys() - set(cuts[0]["test"])
    assert set(validated.values()) == {1}
    for splits in cuts:
        assert splits["test"] == cuts[0]["test"]
        found = defaultdict(set)
        for part, names in splits.items():
            for name in names:
                found[contents[name]].add(part)
                found[name.rsplit("/", 1)[-1].split("_")[0] if group else name].add(part)
        assert all(len(parts) == 1 for parts in found.values())


def test_groups_are_spread_evenly():
    labels = {f"{c}/p{i % 30}_{c}_{i}.png": c for c in ("cat", "dog") for i in range(150)}
    for splits in cut_all(3, labels, group_pattern=r"^p(\d+)_"):
        assert Counter(labels[name] for name in splits["validation"]) == {
            "cat": pytest.approx(43, abs=5),
            "dog": pytest.approx(43, abs=5),
        }


def test_folds_follow_from_the_seed_alone():
    labels = images()
    shuffled = dict(reversed(labels.items()))
    assert cut_all(3, labels, seed=1) == cut_all(3, shuffled, seed=1)
    assert cut_all(3, labels, seed=1) != cut_all(3, labels, seed=2)


def test_units_are_tied_through_others():
    contents = {"a": b"x", "b": b"y", "c": b"x", "d": b"z", "e": b"w"}
    all_contents = {**contents, "not drawn": b"v", "equal to e": b"w"}
    groups = {"a": "1", "b": "2", "c": "2", "d": "3"}
    assert find_units(list(contents), contents, groups) == [["a", "b", "c"], ["d"], ["e"]]
    ties = [("equal to e", "a"), ("d", "not drawn")]
    assert find_units(list(contents), all_contents, groups, ties) == [["a", "b", "c", "e"], ["d"]]


@pytest.mark.parametrize("fold", [1, 2, 3])
def test_the_stage_writes_the_same_tree_again(run, set_params, fold):
    set_params(**{"organize.folds": 3, "organize.fold": fold})
    first, content = run(pets()), metrics()
    assert (run(pets()), metrics()) == (first, content)
    assert sorted(first.values()) == sorted(pets().values())
    # Of 23, 40 and 11 images, 3, 6 and 2 are test.
    assert [content[split] for split in ("train", "validation", "test")] == [42, 21, 11]


def test_the_folds_share_out_train_and_validation_of_the_archive(run, set_params):
    set_params(**{"organize.split_method": "test_folder", "organize.folds": 2, "organize.fold": 2})
    tree = run({**pair("train", 9), **pair("val", 5), **pair("test", 4)})
    assert {name: tree[name] for name in tree if name.startswith("test/")} == pair("test", 4)
    assert Counter(name.split("/")[0] for name in tree)["validation"] == 14


@pytest.mark.parametrize("fold", [1, 3, 5])
def test_a_class_that_does_not_fill_the_folds_is_refused_in_each(run, set_params, fold):
    set_params(**{"organize.folds": 5, "organize.fold": fold})
    few = {f"x/emu/{i}.png": png("emu", i) for i in range(5)}
    with pytest.raises(UserError) as caught:
        run({**pets(), **few})
    headline, line = str(caught.value).splitlines()
    assert headline == (
        "each class needs an image in each fold and in test; add images, leave a class out "
        "(organize.exclude or organize.classes), or change organize.folds, organize.fractions or "
        "organize.group_pattern:"
    )
    assert line.startswith("  class 'emu' (5 images) has none in fold ")


def test_an_archive_without_a_test_folder_is_refused_as_without_folds(run, set_params):
    set_params(**{"organize.split_method": "test_folder", "organize.folds": 2})
    with pytest.raises(UserError, match="the archive has no test folder"):
        run(pair("train", 9))


REASON = "which has its own validation"


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"folds": 1}, ["folds: must be greater than or equal to 2, got 1"]),
        ({"folds": "3"}, ["folds: must be an integer, got '3'"]),
        ({"fold": 0}, ["fold: must be greater than 0, got 0"]),
        ({"fold": 2}, ["fold: must be at most 1 when folds is empty, got 2"]),
        ({"folds": 3, "fold": 4}, ["fold: must be at most 3 when folds is 3, got 4"]),
        (
            {"folds": 3, "fold": 4, "split_method": "folders"},
            [
                f"folds: must be empty when split_method is 'folders', {REASON}, got 3",
                "fold: must be at most 3 when folds is 3, got 4",
            ],
        ),
    ],
)
def test_impossible_folds_are_refused(changes, lines):
    with pytest.raises(UserError) as caught:
        params(changes)
    assert str(caught.value).splitlines() == [
        "params.yaml is not valid:",
        *(f"  organize.{line}" for line in lines),
    ]


def images():
    """Labels of `CLASSES`, for `split_method: test_folder`: one in five is in test."""
    return {
        f"{'train' if i % 5 else 'test'}/{label}/{label}_{i}.png": label
        for label, n in CLASSES.items()
        for i in range(n)
    }


def params(changes):
    content = copy.deepcopy(DEFAULT)
    content["organize"].update(changes)
    return validate(content, "params.yaml")


def cut(labels, contents=None, seed=42, **changes):
    contents = contents or {name: name.encode() for name in labels}
    organize = params(changes).organize
    splits = {name: split for name in labels if (split := split_of_path(name, {}))}
    groups = {name: g for name in labels if (g := group_of(name, organize.group_pattern))}
    return assign_splits(LabelSet(labels, splits, groups), contents, organize, seed)


def cut_all(folds, labels, contents=None, seed=42, **changes):
    """The splits for each value of `organize.fold`."""
    return [
        cut(labels, contents, seed, folds=folds, fold=fold, **changes)
        for fold in range(1, folds + 1)
    ]
