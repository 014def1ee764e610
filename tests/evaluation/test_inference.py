"""Probabilities from the outputs of a model."""

import numpy as np
import pytest

from convline.evaluation.inference import both_columns


def test_a_sigmoid_becomes_two_columns_and_a_softmax_adds_up_to_one():
    sigmoid = both_columns(np.array([[0.25], [0.75]], np.float32))
    assert sigmoid.tolist() == [[0.75, 0.25], [0.25, 0.75]]
    softmax = both_columns(np.array([[0.3, 0.3, 0.4]], np.float32))
    assert softmax.dtype == np.float64
    assert softmax.sum() == pytest.approx(1, abs=1e-15)
