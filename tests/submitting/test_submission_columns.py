"""The cells of a submission: names, indices or probabilities, as in the sample."""

import numpy as np
import pandas as pd
import pytest

from convline.runtime.errors import UserError
from convline.submitting.submission_columns import check_options, decide

THREE = ["bee", "cat", "dog"]


@pytest.mark.parametrize(
    ("sample", "classes", "options", "content", "cells"),
    [
        (["0", "0"], ["cat", "dog"], {}, "index", ["1", "0"]),
        (["0", "0"], ["cat", "dog"], {"positive": "cat"}, "index", ["0", "1"]),
        (["0.5"] * 2, ["cat", "dog"], {}, "probability", ["0.75", "0.125"]),
        (["0.5"] * 2, ["cat", "dog"], {"positive": "cat"}, "probability", ["0.25", "0.875"]),
        (["0"] * 2, ["cat", "dog"], {"values": "probability"}, "probability", ["0.75", "0.125"]),
        (["dog", "dog"], ["cat", "dog"], {}, "class", ["dog", "cat"]),
        (["?", ""], ["cat", "dog"], {"values": "class"}, "class", ["dog", "cat"]),
        (["0", "2"], THREE, {}, "index", ["2", "0"]),
        (["0", "1"], ["0", "1", "2"], {}, "class", ["2", "0"]),
        (["0.5"] * 2, THREE, {"values": "probability", "positive": "cat"}, "probability", None),
    ],
)
def test_one_column_is_filled_like_its_sample(sample, classes, options, content, cells):
    form = form_of({"label": sample}, classes, **options)
    p = {2: [[0.25, 0.75], [0.875, 0.125]], 3: [[0.125, 0.25, 0.625], [0.5, 0.25, 0.25]]}
    assert form.content == content
    assert form.fill(np.array(p[len(classes)], np.float32), 0) == {"label": cells or ["0.25"] * 2}


def test_columns_of_classes_add_up_to_one_after_clipping():
    form = form_of({"dog": [], "Bee": [], "c_a_t": []}, THREE)
    p = np.array([[1, 0, 0], [0.25, 0.25, 0.5]], np.float32)
    assert form.fill(p, 0) == {"dog": ["0", "0.5"], "Bee": ["1", "0.25"], "c_a_t": ["0", "0.25"]}
    clipped = pd.DataFrame(form.fill(p, 0.01)).astype(float)
    assert clipped.sum(axis=1).tolist() == pytest.approx([1, 1])
    assert clipped.iloc[0].tolist() == pytest.approx([0.01 / 1.01, 0.99 / 1.01, 0.01 / 1.01])


def test_probabilities_keep_all_digits_of_float32():
    form = form_of({"p": ["0.5"]}, ["cat", "dog"])
    p = np.array([1 - 2**-24, 1.2345678e-9], np.float32)
    (cells,) = form.fill(np.stack([1 - p, p], axis=1), 0).values()
    assert np.array(cells, np.float32).tolist() == pytest.approx(p.tolist(), rel=1e-7)
    assert cells[0] != "1"


@pytest.mark.parametrize(
    ("columns", "classes", "options", "message"),
    [
        ({"a": ["?"]}, THREE, {}, r"a has '\?' in the sample, and the classes are .*--values"),
        ({"a": ["1", "3"]}, THREE, {}, "a has '1', '3' in the sample"),
        ({"a": ["0.5"]}, THREE, {}, "a has '0.5' in the sample"),
        ({"a": [""]}, ["cat", "dog"], {}, "a has '' in the sample"),
        (
            {"a": ["0"]},
            THREE,
            {"values": "probability"},
            "pass it with --positive CLASS",
        ),
        ({"a": ["0"]}, THREE, {"positive": "cow"}, "'cow' is not a class; the classes are 'bee'"),
        ({"a": ["0"]}, THREE, {"positive": "cat"}, "--positive has no effect"),
        ({"a": ["0"]}, ["cat", "dog"], {"clip": 0.01}, "--clip needs probabilities"),
        ({"a": ["0.5"]}, ["cat", "dog"], {"clip": 0.5}, "less than 0.5, got 0.5"),
        ({"a": ["0.5"]}, ["cat", "dog"], {"clip": -1.0}, "at least 0 .* got -1"),
        ({"cat": ["0"], "dog": ["0"], "bee": ["0"]}, THREE, {"clip": 0.4}, "less than 0.333333"),
        ({"cat": ["0"], "dog": ["0"]}, ["cat", "dog"], {"values": "index"}, "needs one column"),
        (
            {"cat": ["0"], "cow": ["0"]},
            THREE,
            {},
            r"columns that are not classes: 'cow'; classes without a column: 'bee', 'dog'\)",
        ),
    ],
)
def test_an_impossible_form_is_one_message(columns, classes, options, message):
    with pytest.raises(UserError, match=message):
        form_of(columns, classes, **options)


def form_of(columns, classes, values=None, positive=None, clip=0.0):
    form = decide(pd.DataFrame(columns, dtype=str), classes, values, positive)
    check_options(form, clip, positive)
    return form
