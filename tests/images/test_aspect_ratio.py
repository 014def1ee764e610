"""Stretch, crop and pad: which part of an image fills which part of the result."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from convline.images.aspect_ratio import fit, place
from convline.runtime.keras_backend import keras

BILINEAR = Image.Resampling.BILINEAR
SIDES = st.integers(1, 300)


def picture(height: int, width: int) -> Image.Image:
    """White, without the black of padding."""
    return Image.new("RGB", (width, height), "white")


def test_stretching_squeezes_the_whole_image():
    image = Image.linear_gradient("L").resize((60, 30))
    assert fit(image, (10, 10), BILINEAR, "stretch") == image.resize((10, 10), BILINEAR)


def test_cropping_cuts_off_both_ends_of_the_longer_side():
    image = np.zeros((30, 60), np.uint8)
    image[:, 15:45] = 255
    wide = fit(Image.fromarray(image), (10, 10), BILINEAR, "crop")
    tall = fit(Image.fromarray(image.T), (10, 10), BILINEAR, "crop")
    assert np.asarray(wide).min() == np.asarray(tall).min() == 255


def test_padding_adds_equal_black_bars():
    wide = np.asarray(fit(picture(30, 60), (10, 10), BILINEAR, "pad"))
    tall = np.asarray(fit(picture(60, 30), (10, 10), BILINEAR, "pad"))
    bars = [0, 0] + [255] * 5 + [0] * 3
    assert wide[:, :, 0].tolist() == [[value] * 10 for value in bars]
    assert (tall == wide.transpose(1, 0, 2)).all()


@pytest.mark.parametrize("aspect_ratio", ["crop", "pad"])
def test_an_image_of_the_same_shape_is_only_resized(aspect_ratio):
    image = Image.linear_gradient("L").resize((60, 30))
    assert fit(image, (10, 20), BILINEAR, aspect_ratio) == image.resize((20, 10), BILINEAR)


@given(SIDES, SIDES, SIDES, SIDES)
def test_any_image_fits_and_keeps_its_shape_up_to_a_pixel(height, width, high, wide):
    for aspect_ratio in ("stretch", "crop", "pad"):
        image = fit(picture(height, width), (high, wide), BILINEAR, aspect_ratio)
        assert image.size == (wide, high)
    rows = place("crop", (height, width), (high, wide))
    columns = place("crop", (width, height), (wide, high))
    assert (rows.count, columns.count) == (height, width) or height in rows or width in columns
    filled = place("pad", (height, width), (high, wide)).filled
    scale = min(high / height, wide / width)
    assert abs(filled - height * scale) <= 0.5 or filled == 1


@pytest.mark.parametrize(
    ("height", "width"), [(100, 130), (37, 20), (480, 640), (300, 299), (60, 200)]
)
def test_cropping_and_padding_are_those_of_keras_up_to_a_pixel(height, width):
    shape = (1, height, width, 3)
    for name, size in (("crop", (40, 30)), ("pad", (30, 40))):
        layer = keras.layers.Resizing(*size, **{f"{name}_to_aspect_ratio": True})
        theirs = layer(np.full(shape, 255, np.float32))[0].numpy().mean() / 255
        ours = np.asarray(fit(picture(height, width), size, BILINEAR, name)).mean() / 255
        assert abs(ours - theirs) <= 1.1 / min(size)


def test_padding_is_that_of_pillow():
    for height, width in ((30, 60), (61, 30), (7, 100), (150, 149)):
        ours = fit(picture(height, width), (50, 40), BILINEAR, "pad")
        theirs = ImageOps.pad(picture(height, width), (40, 50), BILINEAR)
        assert abs(np.asarray(ours).mean() - np.asarray(theirs).mean()) <= 255 / 40
