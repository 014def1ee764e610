"""10 or 12 bits stored in 16: the warning, and the parameter that it names."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from convline.images import scan
from convline.images.decoding import BadImage, decode, decode_with_facts
from convline.images.significant_bits import find_peaks, warn_of_unused_bits
from tests.image_archives import metrics


def grey16(*values, file_format="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(np.array([values], np.uint16)).save(buffer, file_format)
    return buffer.getvalue()


def images(*peaks, loses_low_bytes=False):
    return {
        f"{i}-{loses_low_bytes}": scan.Image(b"", 1, 1, 1, peak, loses_low_bytes=loses_low_bytes)
        for i, peak in enumerate(peaks)
    }


@pytest.mark.parametrize(
    ("peaks", "warning"),
    [
        ((4095, 100), "(2) is 4,095, which fits in 12 bits: preprocess.bit_depth: 12"),
        ((1023, None), "(1) is 1,023, which fits in 10 bits: preprocess.bit_depth: 10"),
        ((200,), "(1) is 200, which fits in 8 bits: preprocess.bit_depth: 8"),
        ((0,), "(1) is 0, which fits in 8 bits: preprocess.bit_depth: 8"),
    ],
)
def test_unused_bits_are_named_with_the_parameter(peaks, warning):
    (line,) = warn_of_unused_bits(images(*peaks))
    assert line.startswith(f"the largest value of all 16-bit images {warning} keeps ")


def test_the_warning_counts_grey_levels():
    (line,) = warn_of_unused_bits(images(4095))
    assert line.endswith(": preprocess.bit_depth: 12 keeps 256 grey levels instead of 16")


def test_the_warning_compares_with_the_bit_depth_that_is_set():
    (line,) = warn_of_unused_bits(images(1023), bit_depth=12)
    assert line.endswith(": preprocess.bit_depth: 10 keeps 256 grey levels instead of 64")
    assert list(warn_of_unused_bits(images(1023), bit_depth=10)) == []


@pytest.mark.parametrize("peaks", [(2**15,), (4095, 65535), (None,), ()])
def test_images_that_use_their_bits_need_no_warning(peaks):
    assert list(warn_of_unused_bits(images(*peaks))) == []


def test_the_largest_value_is_a_metric():
    assert find_peaks(images(4095, None, 7)) == {"peak_16_bit": 4095}
    assert find_peaks(images(None)) == {}


def test_16_bit_colour_of_12_bits_has_its_own_advice():
    grey, colour = warn_of_unused_bits(images(1000) | images(4095, loses_low_bytes=True))
    assert "preprocess.bit_depth: 10" in grey
    assert colour == (
        "the largest value of all 16-bit colour images (1) is at most 4,095, and of 16-bit colour "
        "the high bytes alone are read, here 16 levels; save these images with 8 bits per channel, "
        "scaled to 255"
    )


@pytest.mark.parametrize("bit_depth", [12, 16])
def test_organize_warns_and_writes_the_metric(run, set_params, capsys, bit_depth):
    set_params(**{"preprocess.bit_depth": bit_depth})
    rng = np.random.default_rng(0)
    files = {
        f"{c}/{i}.png": grey16(*rng.integers(0, 4096, 9), 4095) for c in "ab" for i in range(20)
    }
    assert len(run(files)) == 40
    warning = "the largest value of all 16-bit images (40) is 4,095"
    assert (warning in capsys.readouterr().out) == (bit_depth == 16)
    assert metrics()["notes"][0].startswith(warning)
    assert metrics()["peak_16_bit"] == 4095


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
@pytest.mark.parametrize(
    ("bit_depth", "pixels", "clipped"),
    [
        (16, [0, 0, 0, 15, 16, 255], 0),
        (12, [0, 0, 1, 255, 255, 255], 2),
        (8, [0, 15, 16, 255, 255, 255], 3),
    ],
)
def test_the_high_bits_of_the_significant_bits_are_kept(file_format, bit_depth, pixels, clipped):
    data = grey16(0, 15, 16, 4095, 4096, 65535, file_format=file_format)
    decoded = decode_with_facts(data, "grayscale", bit_depth=bit_depth)
    assert list(decoded.image.tobytes()) == pixels
    assert (decoded.peak, decoded.clipped, decoded.loses_low_bytes) == (65535, clipped, False)


@pytest.mark.parametrize("bit_depth", [8, 12, 16])
def test_images_of_8_bits_are_the_same_at_each_depth(bit_depth):
    buffer = io.BytesIO()
    Image.linear_gradient("L").save(buffer, "PNG")
    read = decode(buffer.getvalue(), "grayscale", bit_depth=bit_depth)
    assert read.tobytes() == Image.linear_gradient("L").tobytes()


def test_a_pgm_scales_its_own_largest_value_to_16_bits():
    data = b"P5\n2 1\n4095\n" + np.array([4095, 2048], ">u2").tobytes()
    assert list(decode(data, "grayscale").tobytes()) == [255, 128]


def test_16_bit_colour_is_refused_where_its_low_bytes_are_needed():
    data = cv2.imencode(".png", np.full((2, 2, 3), 4095, np.uint16))[1].tobytes()
    decoded = decode_with_facts(data, "rgb")
    assert (decoded.peak, decoded.loses_low_bytes) == (4095, True)
    with pytest.raises(BadImage, match="16-bit colour is read without its low bytes"):
        decode(data, "rgb", bit_depth=12)
