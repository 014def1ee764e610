"""Whole plans: the same images, the same params; samples of large sets."""

from pathlib import Path

import pytest

from convline.inspection.image_sample import sample_names
from convline.inspection.plan import make_plan
from convline.inspection.plan_text import describe
from convline.params.loading import parse_params
from convline.runtime.errors import UserError
from tests.image_archives import pack
from tests.inspection.plans import chosen, photos, plan_for

PETS = ["x/cat", "x/dog"]


def test_the_same_images_give_the_same_params_in_any_order():
    files = photos(PETS)
    text = plan_for(files).text
    assert plan_for(dict(reversed(files.items()))).text == text
    parse_params(text, "params.yaml")
    assert text.startswith("# For photos.zip: 40 images in 2 classes; by `convline init`.\n")


def test_values_of_the_user_replace_choices_and_settle_what_follows():
    plan = plan_for(photos(PETS), "preprocess.image_size=[64, 64]", "train.epochs=3")
    params = parse_params(plan.text, "params.yaml")
    assert (params.preprocess.image_size, params.train.epochs) == ([64, 64], 3)
    assert params.train.filters == [32, 64, 128, 128]
    assert not {"preprocess.image_size", "train.epochs"} & set(chosen(plan))


def test_a_value_that_does_not_fit_is_refused():
    with pytest.raises(UserError, match=r"train.epochs: must be greater than 0, got 0"):
        plan_for(photos(PETS), "train.epochs=0")


def test_choices_are_in_the_order_of_params_yaml():
    order = ["download", "organize", "preprocess", "train", "extract", "train_head", "evaluate"]
    found = [order.index(choice.param.split(".")[0]) for choice in plan_for(photos(PETS)).choices]
    assert found == sorted(found)


def test_a_sample_has_images_of_every_class(monkeypatch):
    monkeypatch.setattr("convline.inspection.image_sample.SIZE", 50)
    classes = {f"{i}.png": "rare" if i < 10 else "common" for i in range(1000)}
    names = sample_names(classes)
    assert sum(classes[name] == "rare" for name in names) >= 8
    assert 50 <= len(names) <= 58
    assert sample_names(dict(reversed(classes.items()))) == names


def test_large_sets_are_sampled_and_a_tree_that_is_there_twice_counts_once(monkeypatch):
    files = photos(PETS, 60)
    twice = {**files, **{f"again/{name}": data for name, data in files.items()}}
    whole = plan_for(twice)
    monkeypatch.setattr("convline.inspection.image_sample.SIZE", 30)
    plan = plan_for(twice)
    assert plan.found.counts == whole.found.counts == {"cat": 60, "dog": 60}
    assert (whole.found.complete, plan.found.complete) == (True, False)
    assert 30 <= plan.found.sample.count < 60
    assert plan.splits == whole.splits
    text = "\n".join(describe(plan))
    assert f"sample      {plan.found.sample.count} images were decoded" in text
    assert "near duplicates: 0 in the sample" in text


def test_the_text_reports_what_was_found():
    files = photos(PETS)
    files["x/dog/again.png"] = files["x/cat/0.png"]
    files["x/cat/broken.png"] = b"\x89PNG\r\n"
    files["readme.md"] = b"about"
    lines = list(describe(plan_for(files)))
    text = "\n".join(lines)
    assert lines[0] == "images      41 in 2 classes: dog 21, cat 20"
    assert "bad         1 of 42 cannot be decoded" in text
    assert "duplicates  images with the bytes of another: 1; groups of near" in text
    assert "left out    1 file: not an image (.md in .)" in text
    assert "preprocess.image_size: [20, 20] " in text
    assert lines[-1] == "make repro  not estimated: TensorFlow cannot be used"


def test_a_nested_archive_is_read():
    assert plan_for({"train.zip": pack(photos(PETS))}).found.counts == {"cat": 20, "dog": 20}


def test_a_folder_is_read_as_its_zip():
    files = {**photos(PETS), "x/.DS_Store": b"", "more.zip": pack(photos(["x/bee"]))}
    for name, data in files.items():
        Path("own", name).parent.mkdir(parents=True, exist_ok=True)
        Path("own", name).write_bytes(data)
    download = {"kind": "archive", "name": None, "path": str(Path("own").absolute())}
    plan = make_plan(Path("own"), "own", download, [], probe=False)
    assert plan.found.counts == plan_for(files).found.counts == {"cat": 20, "dog": 20}
    assert plan.found.scan.litter == {".DS_Store": 1}


def test_an_archive_without_images_is_refused():
    with pytest.raises(UserError, match="no images"):
        plan_for({"a.txt": b"text"})
    with pytest.raises(UserError, match=r"photos\.zip"):
        plan_for(b"not a zip")
