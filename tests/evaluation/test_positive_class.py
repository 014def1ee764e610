"""The positive class of two classes."""

import pytest

from convline.evaluation.positive_class import (
    describe_positive,
    positive_label,
    positive_name,
    warn_of_positive,
)
from convline.runtime.errors import UserError


def test_the_second_class_is_positive_unless_another_is_chosen():
    assert positive_label(["a", "b"], None) == 1
    assert positive_label(["a", "b"], "a") == 0
    assert positive_name(["a", "b"], None) == "b"


def test_more_than_two_classes_have_no_positive_class():
    assert positive_name(["a", "b", "c"], None) is None


def test_an_unknown_class_is_refused():
    with pytest.raises(UserError, match=r"must be one of \['a', 'b'\], got 'c'"):
        positive_name(["a", "b"], "c")


def test_the_description_names_the_class_and_how_to_change_it():
    (line,) = describe_positive(["NORMAL", "PNEUMONIA"], None)
    assert line == (
        "positive class: PNEUMONIA, the second by name; "
        "evaluate.positive_class: 'NORMAL' changes it"
    )
    (line,) = describe_positive(["COVID", "Normal"], "Normal")
    assert line == "positive class: Normal, as set by evaluate.positive_class"
    assert describe_positive(["a", "b", "normal"], None) == []


@pytest.mark.parametrize(
    "classes",
    [
        ["COVID", "Normal"],
        ["defect", "ok"],
        ["Parasitized", "Uninfected"],
        ["bad", "GOOD"],
        ["mask", "no_mask"],
        ["fire", "No fire"],
        ["cancer", "non-cancer"],
        ["diseased", " healthy "],
    ],
)
def test_a_positive_class_with_the_name_of_a_negative_one_is_a_warning(classes):
    warning = f"evaluate.positive_class: '{classes[0]}' changes that"
    assert describe_positive(classes, None)[-1].endswith(warning)
    assert warn_of_positive(classes, None).startswith(f"warning: {classes[1]} is the positive")
    # No warning if the user chose a class.
    assert warn_of_positive(classes, classes[0]) is None
    assert warn_of_positive(classes, classes[1]) is None


@pytest.mark.parametrize(
    "classes",
    [
        ["NORMAL", "PNEUMONIA"],
        ["cat", "dog"],
        ["healthy", "ok"],  # both
        ["cat", "northern"],
        ["abnormal", "nodule"],
        ["a", "b", "normal"],
    ],
)
def test_other_names_give_no_warning(classes):
    assert warn_of_positive(classes, None) is None
