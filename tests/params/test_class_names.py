"""Parameters that name a class."""

import pytest

from convline.params.class_names import check_class_names
from convline.params.loading import load_params
from convline.runtime.errors import UserError


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["ant", "cat"], "must be 'ant' or 'cat', got 'cats', did you mean 'cat'\\?"),
        (["cats", "b", "c"], "is 'cats', but there are 3 classes instead of two; leave it empty"),
    ],
)
def test_a_positive_class_that_is_not_one_of_two_is_refused(set_params, classes, message):
    set_params(**{"evaluate.positive_class": "cats"})
    with pytest.raises(UserError, match=message):
        check_class_names(load_params(), classes)


def test_an_empty_one_and_a_class_are_accepted(set_params):
    check_class_names(load_params(), ["a", "b", "c"])
    set_params(**{"evaluate.positive_class": "a"})
    check_class_names(load_params(), ["a", "b"])
