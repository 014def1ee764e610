"""Formats are recognized by content: what is read, and what only looks like it."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from convline.images.decoding import BadImage, decode, decode_with_facts
from convline.images.image_formats import (
    ENDINGS,
    IN_WORDS,
    formats_in_words,
    image_endings,
    recognize,
)
from tests.commands import REPOSITORY

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
LOSSY = {"JPEG", "MPO", "AVIF", "HEIF", "GIF"}
OPTIONS = {
    "WEBP": {"lossless": True},
    "ICO": {"sizes": [(32, 24)]},
    "JPEG2000": {"irreversible": False},
}


register_heif_opener()  # so that Pillow can save HEIC


@pytest.mark.parametrize("file_format", [*ENDINGS, "HEIF", "MPO"])
def test_each_format_is_read_under_a_name_without_ending(file_format):
    smooth = Image.linear_gradient("L").convert("RGB").resize((32, 24))
    image = smooth if file_format in LOSSY else Image.fromarray(PIXELS)
    data = save(image, file_format, **OPTIONS.get(file_format, {}))
    read = decode(data, "rgb", name="x.tga" if file_format == "TGA" else "x")
    assert read.size == (32, 24)
    difference = np.abs(np.asarray(read, int) - np.asarray(image)).max()
    assert difference <= (8 if file_format in LOSSY else 0)


@pytest.mark.parametrize(
    ("mode", "header"), [("1", b"P4"), ("L", b"P5"), ("RGB", b"P6"), ("I;16", b"P5")]
)
def test_portable_anymaps_are_exact(mode, header):
    image = Image.fromarray(PIXELS).convert("L").convert("1" if mode == "1" else "L")
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    image = image.convert("RGB") if mode == "RGB" else image
    data = save(image, "PPM")
    assert data.startswith(header)
    grey = Image.fromarray(PIXELS).convert("L").convert("1" if mode == "1" else "L")
    assert decode(data, "grayscale").tobytes() == grey.convert("L").tobytes()


@pytest.mark.parametrize(
    "text", [b"P2\n2 2\n255\n0 9 255 7\n", b"P2 # by hand\n2 2 255 0 9 255 7 "]
)
def test_a_plain_pgm_with_a_comment_is_read(text):
    assert list(decode(text, "grayscale").tobytes()) == [0, 9, 255, 7]


def test_a_floating_point_map_has_no_fixed_range():
    with pytest.raises(BadImage, match="floating-point pixels have no fixed range"):
        decode(save(Image.fromarray(np.ones((3, 3), np.float32)), "PPM"), "rgb")


@pytest.mark.parametrize(
    "head",
    [
        b"Python is a language",
        b"P5 is the fifth paragraph",
        b"BMI,age\n22,31\n",
        b"\0\0\1\0" + bytes(200),
        b"\n\5\1\x08 is text",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"\xd7\xcd\xc6\x9a\0\0",
        b"GIF is a format",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp41isom",
        b"\x89HDF\r\n\x1a\n",
        b"GRIB",
        b"BUFR",
        b"SIMPLE  =",
        b"#define x_width 8",
        b"",
    ],
)
def test_other_content_is_not_an_image(head):
    assert recognize(head) is None
    assert recognize(head, "x.png") is None


def test_a_targa_file_needs_its_ending():
    data = save(Image.fromarray(PIXELS), "TGA")
    assert recognize(data) is None
    assert recognize(data, "a.TGA") == "TGA"


@pytest.mark.parametrize(
    "junk", [b"\r\n", b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n", b"\0"]
)
def test_bytes_in_front_of_a_jpeg_are_skipped(junk):
    data = save(Image.fromarray(PIXELS), "JPEG")
    assert decode(junk + data, "rgb", name="a.jpg").tobytes() == decode(data, "rgb").tobytes()
    assert recognize(junk + data, "a.mp3") is None


def test_heic_is_read_at_full_size_and_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    grey = Image.linear_gradient("L").resize((64, 96)).convert("RGB")
    grey.info["exif"] = exif.tobytes()
    data = save(grey, "HEIF", quality=95)
    image, size, *_ = decode_with_facts(data, "grayscale", 1)
    assert (size, image.size) == ((64, 96), (96, 64))
    right = np.asarray(grey.convert("L").transpose(Image.Transpose.ROTATE_270), int)
    assert np.abs(np.asarray(image, int) - right).max() < 12


def test_heic_is_named_where_its_extra_is_not_installed():
    script = f"""
import sys
sys.modules["pillow_heif"] = None
from convline.images.decoding import BadImage, decode
from convline.images.file_kinds import classify
from convline.images.image_formats import formats_in_words
data = {b"    ftypheic" + bytes(40)!r}
print(formats_in_words())
for name in ("a.HEIC", "a.jpg"):
    print(*classify(name, data), sep=": ")
try:
    decode(data, "rgb", name="a.HEIC")
except BadImage as error:
    print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    words, named, wrong, bad = run.stdout.splitlines()
    assert words == IN_WORDS
    assert named == (
        "ignored: HEIC photographs are not read without the extra heic; "
        "run `pip install -e '.[heic]'`, or convert them to JPEG"
    )
    assert wrong == named.replace("ignored", "bad")
    assert named.endswith(bad)


def test_the_words_and_the_endings_name_the_same_formats():
    assert len(ENDINGS) == len(IN_WORDS.replace(" and", ",").split(", "))
    assert {".jpg", ".avif", ".jp2", ".ppm", ".ico", ".tga", ".heic"} <= image_endings()
    assert formats_in_words() == IN_WORDS.replace(" and", ",") + " and HEIC"


@pytest.mark.parametrize(
    "file_format", ["EPS", "WMF", "HDF5", "GRIB", "BUFR", "FITS", "MPEG", "PSD"]
)
def test_formats_that_start_programs_or_need_plugins_are_not_read(file_format):
    assert file_format not in ENDINGS


def test_an_icon_that_contains_a_large_picture_is_bad():
    data = save(Image.fromarray(PIXELS), "ICO", sizes=[(32, 24)])
    start = int.from_bytes(data[18:22], "little")
    data = data[: start + 16] + (60_000).to_bytes(4) * 2 + data[start + 24 :]
    with pytest.raises(BadImage, match="60000x60000 pixels are more than 100,000,000"):
        decode(data, "rgb")


def save(image, file_format, **options):
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()
