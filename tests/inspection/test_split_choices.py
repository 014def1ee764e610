"""How `convline init` divides the images."""

import pytest

from tests.inspection.plans import chosen, photo, photos, plan_for


def splits(**images):
    """Return files with this number of images in each class of each split folder."""
    files = {}
    for folder, number in images.items():
        files |= photos([f"{folder}/cat", f"{folder}/dog"], number)
    return {name: photo(seed) for seed, name in enumerate(files)}


@pytest.mark.parametrize(
    ("images", "method", "test"),
    [
        ({"train": 40, "val": 20, "test": 20}, "folders", 40),
        ({"train": 40, "val": 1, "test": 20}, "test_folder", 40),
        ({"train": 40, "test": 20}, "test_folder", 40),
        ({"train": 40, "test": 2}, "fractions", 12),
        ({"x": 40}, "fractions", 12),
    ],
)
def test_splits_of_the_archive_are_kept_if_they_are_large_enough(images, method, test):
    plan = plan_for(splits(**images))
    assert chosen(plan)["organize.split_method"] == method
    assert plan.splits["test"] == test
    if method != "fractions":
        assert chosen(plan)["organize.duplicates"] == "together"


def test_a_validation_folder_without_a_test_folder_becomes_test():
    plan = plan_for(splits(train=40, val=20))
    assert chosen(plan)["organize.split_folders"] == {"test": ["val"]}
    assert plan.splits["test"] == 40


def test_small_data_sets_get_folds(monkeypatch):
    assert chosen(plan_for(photos(["cat", "dog"])))["organize.folds"] == 5
    monkeypatch.setattr("convline.inspection.split_choices.FEW", 40)
    assert "organize.folds" not in chosen(plan_for(photos(["cat", "dog"])))


def test_a_very_small_class_gets_larger_shares_and_no_folds():
    files = {**photos(["cat"], 60), **{f"dog/{i}.png": photo(900 + i) for i in range(4)}}
    values = chosen(plan_for(files))
    assert "organize.folds" not in values
    assert values["organize.fractions"] == {"train": 0.5, "validation": 0.25, "test": 0.25}


def test_shares_of_the_user_are_kept():
    files = {**photos(["cat"], 60), **{f"dog/{i}.png": photo(900 + i) for i in range(4)}}
    shares = {"train": 0.6, "validation": 0.2, "test": 0.2}
    values = [f"organize.fractions.{split}={share}" for split, share in shares.items()]
    plan = plan_for(files, *values)
    assert "organize.fractions" not in chosen(plan)
    assert "    train: 0.6\n" in plan.text


def test_groups_in_file_names_are_kept_together():
    files = {
        f"{c}/person{i // 3}_{i}.png": photo(seed)
        for seed, (c, i) in enumerate((c, i) for c in ("sick", "well") for i in range(90))
    }
    values = chosen(plan_for(files))
    assert values["organize.group_pattern"].startswith("((?:person")


def test_groups_that_cross_the_splits_of_the_archive_are_reported_and_not_used():
    files = {
        f"{split}/{c}/person{i // 3}_{i}.png": photo(seed)
        for seed, (split, c, i) in enumerate(
            (split, c, i)
            for split in ("train", "test")
            for c in ("sick", "well")
            for i in range(60)
        )
    }
    plan = plan_for(files)
    assert "organize.group_pattern" not in chosen(plan)
    assert any("such as 'person0': not used" in note for note in plan.notes)


def test_copies_by_file_name_are_groups():
    names = [f"IMG_{i}{copy}" for i in range(30) for copy in ("", " (2)")]
    files = {f"{('cat', 'dog')[i % 4 > 1]}/{x}.png": photo(i) for i, x in enumerate(names)}
    assert "organize.group_pattern" in chosen(plan_for(files))


@pytest.mark.parametrize("form", ["{}/{:04}.png", "{}/{} ({}).png"])
def test_numbers_of_images_are_not_groups(form):
    files = {
        form.format(c, i, i): photo(i + 500 * (c == "dog"))
        for c in ("cat", "dog")
        for i in range(40)
    }
    assert "organize.group_pattern" not in chosen(plan_for(files))
