"""The comparison on pixels confirms copies and refuses images that differ in one place."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from convline.images.pixel_comparison import BYTES, MIN_SIMILARITY, similarities, to_picture
from tests.pictures import copies, encode, picture


def compare(one, other, *, small=False):
    first, second = (
        np.frombuffer(to_picture(x.convert("RGB"), x.height, x.width), np.uint8)[None]
        for x in (one, other)
    )
    assert first.shape == (1, BYTES)
    return float(similarities(first, second, small=small)[0])


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize("kind", copies(picture(0)))
def test_a_copy_is_confirmed_in_both_directions(kind, small):
    copy = Image.open(io.BytesIO(copies(picture(3))[kind]))
    for pair in ((picture(3), copy), (copy, picture(3))):
        assert compare(*pair, small=small) >= MIN_SIMILARITY


def test_the_same_pixels_have_similarity_one():
    assert compare(picture(3), picture(3)) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("size", [12, 24, 48])
def test_another_object_in_one_place_is_another_picture(size):
    changed = picture(3)
    changed.paste(picture(4).crop((0, 0, size, size)), (40, 30))
    assert compare(picture(3), changed) == 0


def test_the_same_shapes_in_another_colour_are_another_picture():
    # Equal luma, since the hash and the shapes are equal, and red instead of blue.
    grey = np.asarray(picture(3).convert("L"), np.uint8)
    neutral = np.full_like(grey, 128)
    planes = {"red": (grey, neutral - 40, neutral + 60), "blue": (grey, neutral + 60, neutral - 40)}
    red, blue = (
        Image.merge("YCbCr", [Image.fromarray(x) for x in planes[name]]).convert("RGB")
        for name in planes
    )
    assert compare(red, blue) == 0
    assert compare(red, red.convert("L")) >= MIN_SIMILARITY


def grain(angle, length):
    """Return a bright ellipse on a dark background, such as a grain of rice."""
    y, x = (np.mgrid[:128, :128] - 64) / 64
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    inside = (along / length) ** 2 + (across / 0.3) ** 2
    return Image.fromarray(np.where(inside < 1, 200 - 40 * inside, 5).astype(np.uint8))


def test_plain_images_are_confirmed_only_with_the_same_frame():
    one = grain(0.5, 0.7)
    for change in ("quality 60", "quality 30", "half"):
        assert compare(one, Image.open(io.BytesIO(copies(one)[change]))) > 0.99
    for other in (grain(0.55, 0.7), grain(0.5, 0.75), one.crop((0, 4, 124, 128))):
        assert compare(one, other) == 0


def test_a_negative_a_mirror_image_and_another_picture_are_refused():
    for other in (ImageOps.invert(picture(3)), ImageOps.mirror(picture(3)), picture(4)):
        assert compare(picture(3), other) == 0


def test_images_without_detail_are_refused():
    ramp = Image.linear_gradient("L").resize((96, 96))
    noisy = [
        np.asarray(ramp) / 2 + 50 + np.random.default_rng(i).normal(0, 1, (96, 96))
        for i in range(2)
    ]
    assert compare(*(Image.fromarray(x.astype(np.uint8)) for x in noisy)) == 0


def test_a_part_of_a_batch_has_the_result_of_a_single_pair():
    pairs = [
        (picture(i), Image.open(io.BytesIO(encode(picture(j), "JPEG", quality=40))))
        for i, j in ((0, 0), (1, 2), (3, 3))
    ]
    first, second = (
        np.stack([np.frombuffer(to_picture(p[i], 96, 96), np.uint8) for p in pairs])
        for i in range(2)
    )
    together = similarities(first, second, small=False)
    assert together == pytest.approx([compare(*pair) for pair in pairs], abs=1e-5)
    assert together[1] == 0
