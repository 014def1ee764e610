"""A large JPEG is decoded at a fraction of its size if the result loses nothing."""

import io

import numpy as np
import pytest
from PIL import Image

from convline.images.decoding import BadImage, decode, decode_with_facts

ORIENTATION = 0x0112
RESIZED = (100, 75)


@pytest.mark.parametrize(("least", "size"), [(300, (600, 450)), (225, (300, 225)), (1, (150, 113))])
def test_both_sides_stay_as_long_as_asked(least, size):
    assert decode(jpeg(photograph(1200, 900)), "rgb", least).size == size


@pytest.mark.parametrize("method", ["BILINEAR", "BICUBIC", "LANCZOS"])
@pytest.mark.parametrize("color_mode", ["grayscale", "rgb"])
def test_resized_it_is_as_if_it_had_been_decoded_in_full(color_mode, method):
    data = jpeg(photograph(1200, 900))
    full, reduced = (
        np.asarray(decode(data, color_mode, least).resize(RESIZED, Image.Resampling[method]), int)
        for least in (None, 300)
    )
    # 0.5 and 4 were measured, of pixels of 0 to 255.
    assert np.abs(full - reduced).mean() < 1
    assert np.abs(full - reduced).max() < 8


@pytest.mark.parametrize(
    ("size", "least"), [((1200, 900), 451), ((599, 900), 300), ((80, 60), 300), ((80, 60), None)]
)
def test_what_would_become_too_small_is_decoded_in_full(size, least):
    data = jpeg(photograph(*size))
    assert_same(decode(data, "rgb", least), Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_other_formats_are_decoded_in_full(file_format):
    image = photograph(1200, 900)
    data = saved(image, file_format, lossless=True)
    assert_same(decode(data, "rgb", 300), image)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_right_way_up_at_any_scale(orientation):
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    data = jpeg(photograph(1200, 900), exif=tags)
    full, reduced = decode(data, "rgb"), decode(data, "rgb", 300)
    sideways = orientation >= 5
    assert full.size == ((900, 1200) if sideways else (1200, 900))
    assert reduced.size == ((450, 600) if sideways else (600, 450))
    difference = np.asarray(full.resize(RESIZED), int) - np.asarray(reduced.resize(RESIZED))
    assert np.abs(difference).mean() < 1
    assert size_of(data) == full.size[::-1]


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF"])
def test_the_size_is_that_of_the_full_image(file_format):
    size = size_of(saved(photograph(1200, 900), file_format))
    assert (size.height, size.width) == (900, 1200)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("kept", [0.2, 0.9])
def test_a_cut_jpeg_is_as_bad_as_when_decoded_in_full(progressive, kept):
    data = jpeg(photograph(1200, 900), progressive=progressive)
    cut = data[: int(len(data) * kept)]
    reasons = []
    for read in (size_of, lambda data: decode(data, "rgb"), lambda data: decode(data, "rgb", 300)):
        read(data)
        with pytest.raises(BadImage) as caught:
            read(cut)
        reasons.append(str(caught.value))
    assert reasons[0] == reasons[1] == reasons[2]


def assert_same(image: Image.Image, expected: Image.Image) -> None:
    assert np.array_equal(np.asarray(image), np.asarray(expected))


def photograph(width: int, height: int) -> Image.Image:
    """Colours that change about as fast as those of a photograph of this size."""
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, **options) -> bytes:
    return saved(image, "JPEG", quality=90, **options)


def saved(image: Image.Image, file_format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def size_of(data):
    return decode_with_facts(data, "rgb", 1).size
