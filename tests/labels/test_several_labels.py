"""Combinations of labels are told from names with commas, bars and blanks."""

import pytest

from convline.labels.several_labels import find_combinations


@pytest.mark.parametrize(
    ("combined", "others"),
    [
        ({"cat|dog"}, {"cat", "dog"}),
        ({"cat | Dog"}, {"Cat", "dog"}),
        ({"cat|dog|bee"}, {"cat", "dog"}),
        ({"cat|dog"}, {"cat", "bird"}),
        ({"Cardiomegaly|Emphysema"}, {"No Finding", "Hernia"}),
        ({"cat;dog"}, {"cat", "dog"}),
        ({"cat,dog", "dog, cat"}, {"cat", "dog"}),
        ({"cat/dog"}, {"cat", "dog"}),
        ({"cat & dog"}, {"cat", "dog"}),
        ({"scab frog_eye_leaf_spot"}, {"healthy", "scab", "frog_eye_leaf_spot"}),
        ({"['cat', 'dog']", "['cat']"}, {"bird"}),
        ({'["cat"]', "[1, 0]", "('cat', 'dog')", "{'cat'}"}, set()),
        # The parts are never labels by themselves.
        ({"cat|dog", "dog|bird"}, {"cow"}),
        ({"cat;dog", "cat;bird"}, set()),
        ({"cat, dog", "cat, bird", "bird, dog"}, set()),
    ],
)
def test_combinations_of_labels_are_found(combined, others):
    assert find_combinations(combined | others) == combined


@pytest.mark.parametrize(
    "names",
    [
        {"cat", "dog", ""},
        {"on;off", "dog"},
        {"on;off", "up;down"},
        {"Paris, France", "Lyon, France", "Rome, Italy"},
        {"tench, Tinca tinca", "projectile, missile", "missile", "maillot, tank suit", "maillot"},
        {"polecat, fitch, foulmart", "skunk, polecat, wood pussy", "ferret"},
        {"sea lion", "lion fish", "traffic light", "traffic"},
        {"black cat", "black dog", "white cat", "white dog"},
        {"a|a", "a"},
        {"(unknown)", "[x]", "{other}"},
        {"n/a", "yes & no", "C++"},
    ],
)
def test_names_with_such_characters_are_single_labels(names):
    assert find_combinations(names) == set()
