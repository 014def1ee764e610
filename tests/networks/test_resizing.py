"""Layers that resize and convert to grey inside a model give the same pixels as Pillow."""

import numpy as np
import pytest
from PIL import Image

from convline.images.aspect_ratio import fit
from convline.networks.resizing import Luma, PillowResizing
from convline.runtime.keras_backend import keras
from tests.networks.test_whole_classifier import SIZES, noise


@pytest.mark.parametrize("aspect_ratio", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_resizing_as_in_pillow(interpolation, aspect_ratio):
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, PillowResizing(64, 48, interpolation, aspect_ratio)(inputs))
    for height, width in SIZES:
        image = noise(height, width)
        resample = Image.Resampling[interpolation.upper()]
        fitted = fit(Image.fromarray(image), (64, 48), resample, aspect_ratio)
        theirs = np.asarray(fitted).astype(int)
        ours = model(image[np.newaxis].astype(np.float32)).numpy()[0]
        # A sum that ends in exactly one half may be rounded up or down.
        difference = np.abs(ours - theirs)
        assert difference.max() <= (0 if interpolation == "nearest" else 1)
        assert (difference > 0).mean() < 0.01


def test_grey_as_in_pillow():
    image = noise(200, 300)
    ours = Luma()(image[np.newaxis].astype(np.float32)).numpy()[0, ..., 0]
    assert np.array_equal(ours, np.asarray(Image.fromarray(image).convert("L")))
