"""Decode image files of any supported format into upright 8-bit grey or RGB pixels."""

import io
import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

EXTENSIONS = {".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
# Multi-picture JPEG (MPO), which cameras write, counts as JPEG here.
FORMATS = ["JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF"]

UPRIGHT, SIDEWAYS = 1, {5, 6, 7, 8}  # EXIF orientations; the latter swap height and width

# Against decompression bombs; Pillow's own limit, which only warns from 89 megapixels on, is off.
MAX_PIXELS = 100_000_000
Image.MAX_IMAGE_PIXELS = None


class BadImage(Exception):
    """The file cannot be decoded; the message is the reason."""


def is_image_name(name: str) -> bool:
    """Return True if the file name has the ending, in any case, of a supported image format."""
    return os.path.splitext(name)[1].lower() in EXTENSIONS  # noqa: PTH122 (100,000 names)


class Size(NamedTuple):
    """Height and width in pixels, after applying the EXIF orientation."""

    height: int
    width: int


def decode(data: bytes, color_mode: str, least: int | None = None) -> Image.Image:
    """Decode one image.

    EXIF orientation is applied. Transparent pixels are laid on white. 16-bit channels keep their
    high byte, as libpng's `png_set_strip_16` does. Only the first frame of an animation is used.

    Args:
        data: a whole file of one of `FORMATS`.
        color_mode: `grayscale` (mode L, luma of ITU-R 601-2) or `rgb` (mode RGB).
        least: smallest height and width, in pixels, to which a JPEG may be reduced: it is decoded
            at 1/2, 1/4 or 1/8 of its size (12 megapixels in 16 ms instead of 153); None: full size.

    Raises:
        BadImage: the file is damaged, has another format, is too large, or its pixels have no fixed
            range.
    """
    return _decode(data, color_mode, least)[0]


def least_side(image_size: Sequence[int], interpolation: str) -> int | None:
    """Return the `least` of `decode` for images that are resized afterwards.

    Twice the longer side of the result, as in Pillow's `thumbnail`, so that no detail is lost; None
    for `nearest`, which picks single pixels of the file.

    Args:
        image_size: height and width of the result, in pixels.
        interpolation: `nearest`, `bilinear`, `bicubic` or `lanczos`.
    """
    return None if interpolation == "nearest" else 2 * max(image_size)


def measure(data: bytes) -> Size:
    """Check that an image can be decoded, at the smallest scale, and return its full size.

    Raises:
        BadImage: as `decode`.
    """
    return _decode(data, "rgb", 1)[1]


def _decode(data: bytes, color_mode: str, least: int | None) -> tuple[Image.Image, Size]:
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise BadImage(f"{width}x{height} pixels are more than {MAX_PIXELS:,}")
        if least:
            image.draft(None, (least, least))
        orientation = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
        if orientation in SIDEWAYS:
            width, height = height, width
        # Only if needed: each of the two steps would copy the image, which takes 0.1 ms.
        if orientation != UPRIGHT:
            image = ImageOps.exif_transpose(image)
        image = _eight_bits(image)
        if image.has_transparency_data:
            image = _lay_on_white(image)
        mode = "L" if color_mode == "grayscale" else "RGB"
        if image.mode != mode:
            image = image.convert(mode)
        image.load()
        return image, Size(height, width)
    except (BadImage, MemoryError):
        raise
    except Exception as error:
        raise BadImage(_reason(error)) from error


def _lay_on_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits; `Image.convert` would clip it at 255."""
    if image.mode == "F":
        raise BadImage(
            "floating-point pixels have no fixed range; save the image with 8 or 16 bits"
        )
    if not image.mode.startswith("I"):
        return image
    pixels = np.asarray(image)
    if pixels.min() < 0 or pixels.max() >= 2**16:
        raise BadImage("32-bit pixels have no fixed range; save the image with 8 or 16 bits")
    grey = Image.fromarray((pixels.astype(np.uint16) >> 8).astype(np.uint8))
    if "transparency" in image.info:
        opaque = np.where(pixels == image.info["transparency"], 0, 255).astype(np.uint8)
        grey.putalpha(Image.fromarray(opaque))
    return grey


def _reason(error: Exception) -> str:
    # Pillow's message contains the address of the BytesIO object, which differs from run to run.
    unidentified = isinstance(error, UnidentifiedImageError)
    return "not an image" if unidentified else str(error) or type(error).__name__
