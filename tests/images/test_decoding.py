"""Every kind of image becomes upright 8-bit pixels, or a BadImage with the reason."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from convline.images.decoding import BadImage, decode

GREY = np.array([[0, 50, 100], [150, 200, 255]], np.uint8)
RGB = np.stack([GREY, 255 - GREY, GREY // 2], axis=-1)

# The pixels of GREY after each EXIF orientation, as the TIFF standard defines them.
ORIENTED = {
    1: GREY,
    2: GREY[:, ::-1],
    3: GREY[::-1, ::-1],
    4: GREY[::-1],
    5: GREY.T,
    6: np.rot90(GREY, -1),
    7: GREY[::-1, ::-1].T,
    8: np.rot90(GREY),
}


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "TIFF", "GIF"])
def test_grey_of_lossless_formats_is_exact(file_format):
    assert_pixels(save(Image.fromarray(GREY), file_format), grey=GREY)


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "TIFF", "WEBP"])
def test_rgb_of_lossless_formats_is_exact(file_format):
    options = {"lossless": True} if file_format == "WEBP" else {}
    assert_pixels(save(Image.fromarray(RGB), file_format, **options), rgb=RGB)


@pytest.mark.parametrize(("file_format", "mode"), [("JPEG", "RGB"), ("JPEG", "L"), ("WEBP", "RGB")])
def test_lossy_formats_are_close(file_format, mode):
    image = Image.linear_gradient("L").convert(mode)
    pixels = np.asarray(decode(save(image, file_format, quality=95), "rgb"), int)
    assert np.abs(pixels - np.asarray(image.convert("RGB"), int)).max() <= 4


def test_grey_is_the_luma_of_itu_r_601():
    luma = np.round(RGB @ np.array([0.299, 0.587, 0.114]))
    assert np.abs(np.asarray(decode(save(Image.fromarray(RGB)), "grayscale")) - luma).max() <= 1


@pytest.mark.parametrize("color_mode", ["grayscale", "rgb"])
def test_black_and_white_spans_the_range(color_mode):
    pixels = np.asarray(decode(save(Image.fromarray(GREY > 100)), color_mode))
    assert (pixels.reshape(2, 3, -1)[..., 0] == np.where(GREY > 100, 255, 0)).all()


def test_a_palette_becomes_its_colours():
    assert_pixels(save(palette_image()), rgb=[[[255, 0, 0], [0, 0, 255]]])


@pytest.mark.parametrize("transparency", [0, b"\x00\xff"])
def test_a_transparent_colour_of_a_palette_becomes_white(transparency):
    data = save(palette_image(), transparency=transparency)
    assert_pixels(data, rgb=[[[255, 255, 255], [0, 0, 255]]])


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16"])
def test_the_transparent_colour_of_a_png_without_alpha_becomes_white(mode):
    dtype, scale = (np.uint16, 256) if mode == "I;16" else (np.uint8, 1)
    pixels = np.array([[10 * scale, 0]], dtype)
    image = Image.fromarray(pixels).convert(mode)
    data = save(image, transparency=(10, 10, 10) if mode == "RGB" else 10 * scale)
    assert_pixels(data, grey=[[255, 0]], rgb=[[[255] * 3, [0] * 3]])


def test_grey_with_alpha_lies_on_white():
    pixels = np.array([[[0, 0], [0, 255], [100, 128]]], np.uint8)
    half = round((100 * 128 + 255 * 127) / 255)
    assert_pixels(save(Image.fromarray(pixels, "LA")), grey=[[255, 0, half]])


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF"])
def test_rgb_with_alpha_lies_on_white(file_format):
    pixels = np.array([[[9, 8, 7, 0], [9, 8, 7, 255], [0, 100, 200, 128]]], np.uint8)
    options = {"lossless": True, "exact": True} if file_format == "WEBP" else {}
    data = save(Image.fromarray(pixels), file_format, **options)
    half = [round((value * 128 + 255 * 127) / 255) for value in (0, 100, 200)]
    assert_pixels(data, rgb=[[[255] * 3, [9, 8, 7], half]])


def test_cmyk_becomes_rgb():
    cyan = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    pixels = np.asarray(decode(save(cyan, "JPEG", quality=100), "rgb"), int)
    assert np.abs(pixels - [0, 255, 255]).max() <= 3


@pytest.mark.parametrize(
    ("file_format", "dtype"), [("PNG", "<u2"), ("TIFF", "<u2"), ("TIFF", ">u2"), ("TIFF", "<i4")]
)
def test_sixteen_bits_keep_their_high_byte(file_format, dtype):
    pixels = np.array([[65535, 0x1234, 0x00FF, 0]], dtype)
    assert_pixels(save(Image.fromarray(pixels), file_format), grey=[[255, 0x12, 0, 0]])


def test_the_big_endian_tiff_above_is_one():
    assert save(Image.fromarray(np.array([[1]], ">u2")), "TIFF").startswith(b"MM")


@pytest.mark.parametrize(
    ("dtype", "value", "why"),
    [("f4", 0.5, "floating-point pixels"), ("<i4", 65536, "32-bit"), ("<i4", -1, "32-bit")],
)
def test_pixels_without_a_fixed_range_are_bad(dtype, value, why):
    assert why in reason(save(Image.fromarray(np.array([[value]], dtype)), "TIFF"))


@pytest.mark.parametrize("orientation", ORIENTED)
@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_exif_orientation_is_applied_once(file_format, orientation):
    data = save(Image.fromarray(GREY), file_format, exif=exif(orientation))
    assert_pixels(data, grey=ORIENTED[orientation])


@pytest.mark.parametrize("orientation", ORIENTED)
def test_exif_orientation_of_a_jpeg_is_applied_once(orientation):
    large = Image.fromarray(np.kron(GREY, np.ones((16, 16), np.uint8)))
    data = save(large, "JPEG", exif=exif(orientation), quality=100)
    middles = np.asarray(decode(data, "grayscale"), int)[8::16, 8::16]
    assert np.abs(middles - ORIENTED[orientation]).max() <= 2


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("kept", [18, 28, 34])
def test_an_image_with_truncated_exif_is_accepted(kept):
    data = save(Image.fromarray(GREY), "JPEG", exif=exif(6).tobytes()[:kept])
    assert decode(data, "grayscale").size in {(2, 3), (3, 2)}


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_the_first_of_several_frames_is_returned(file_format):
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "lime", "blue")]
    options = {"lossless": True} if file_format == "WEBP" else {}
    data = save(frames[0], file_format, save_all=True, append_images=frames[1:], **options)
    assert Image.open(io.BytesIO(data)).n_frames == 3
    assert_pixels(data, rgb=np.full((4, 4, 3), [255, 0, 0]))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_a_cut_image_is_bad(file_format):
    data = save(Image.effect_noise((64, 64), 50), file_format)
    why = reason(data[: len(data) // 2])
    assert why
    assert why == reason(data[: len(data) // 2])


def test_the_reason_for_a_bad_image_contains_no_memory_address():
    assert reason(b"\x89PNG\r\n\x1a\n") == "damaged at its beginning"


@pytest.mark.parametrize("side", [10_001, 20_000])
def test_a_decompression_bomb_is_bad(side):
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9)))
    assert reason(data) == f"{side}x{side} pixels are more than 100,000,000"


def assert_pixels(data, **expected):
    for mode, pixels in expected.items():
        color_mode = "grayscale" if mode == "grey" else "rgb"
        assert np.asarray(decode(data, color_mode)).tolist() == np.asarray(pixels).tolist()


def reason(data):
    with pytest.raises(BadImage) as caught:
        decode(data, "rgb")
    return str(caught.value)


def save(image, file_format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def palette_image():
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putdata([0, 1])
    return image


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
