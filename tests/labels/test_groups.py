"""Images of one group, such as a patient, are kept in one split."""

import json
from collections import defaultdict

import pytest

from convline.runtime import paths
from convline.runtime.errors import UserError
from tests.image_archives import count, metrics, pair, pets, png


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_group_is_in_two_splits_and_shares_stay_close(run, set_params, seed):
    set_params(**{"organize.group_pattern": r"person(\d+)_", "seed": seed})
    files = {
        f"x/{c}/person{i % 30}_{c}_{i}.png": png(c, i) for c in ("cat", "dog") for i in range(150)
    }
    tree = run(files)
    people = defaultdict(set)
    for name in tree:
        people[name.split("person")[1].split("_")[0]].add(name.split("/")[0])
    assert all(len(found) == 1 for found in people.values())
    assert sum(metrics()["groups"].values()) == len(people) == 30
    shares = {split: found / 300 for split, found in count(tree, "split").items()}
    assert shares == pytest.approx({"train": 0.7, "validation": 0.15, "test": 0.15}, abs=0.04)


def test_groups_survive_files_that_get_another_name(run, set_params):
    set_params(**{"organize.group_pattern": r"_p(\d+)\.png$"})
    files = {f"{c}/{c}{i}_p{i}.png": png(i, ord(c[0])) for c in ("cat", "dog") for i in range(20)}
    files |= {f"{folder}/cat/a_p7.png": png(n, 1) for n, folder in enumerate(("y1", "y2"))}
    set_params(**{"organize.labels_from": "path", "organize.label_pattern": r"([^/]+)/[^/]+$"})
    tree = run(files)
    groups = json.loads(paths.GROUPS.read_text())
    renamed = [name for name in groups if name.startswith("cat/a_p7-")]
    assert [groups[name] for name in renamed] == ["7", "7"]
    assert groups["dog/dog3_p3.png"] == "3"
    assert set(groups) == {name.split("/", 1)[1] for name in tree}


def test_a_group_in_two_kept_splits_is_refused(run, set_params):
    set_params(**{"organize.split_method": "folders", "organize.group_pattern": r"person(\d+)_"})
    files = {**pair("train", 8), **pair("val", 4), **pair("test", 4)}
    files["train/cat/person1_a.png"] = png("a")
    files["test/cat/person1_b.png"] = png("b")
    with pytest.raises(
        UserError, match=r"person1_.\.png' are of group '1' and in two splits .* use 'fractions'"
    ):
        run(files)


def test_a_group_pattern_that_matches_nothing_is_refused(run, set_params):
    set_params(**{"organize.group_pattern": r"patient(\d+)_"})
    with pytest.raises(UserError, match="matches no file name, such as"):
        run(pets())


def test_a_group_may_be_in_train_and_validation_folders_that_are_divided_again(run, set_params):
    set_params(
        **{"organize.split_method": "test_folder", "organize.group_pattern": r"person(\d+)_"}
    )
    files = {**pair("train", 12), **pair("val", 6), **pair("test", 6)}
    files["train/cat/person1_a.png"] = png("a")
    files["val/cat/person1_b.png"] = png("b")
    tree = run(files)
    assert len({name.split("/")[0] for name in tree if "person1_" in name}) == 1
