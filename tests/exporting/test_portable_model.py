"""Products of matrices resize as Keras's layer does."""

import numpy as np
import pytest

from convline.exporting import portable_model
from convline.runtime.keras_backend import keras
from tests.exported_classifiers import noise


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("size", [(5, 40), (40, 5), (16, 12)])
def test_matrices_resize_as_keras_does(size, antialias):
    inputs = keras.Input((16, 12, 3))
    layer = keras.layers.Resizing(*size, antialias=antialias)
    model = keras.Model(inputs, layer(inputs))
    images = noise(16, 12).astype(np.float32)
    ours = portable_model.portable(model).predict_on_batch(images)
    assert ours == pytest.approx(model.predict_on_batch(images), abs=1e-3)
