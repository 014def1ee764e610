"""The positive class of two classes."""

import pytest

from convline.evaluation.positive_class import positive_label, positive_name
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
