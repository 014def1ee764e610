"""Decode image files of any supported format into upright 8-bit grey or RGB pixels."""

import io
import struct
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, UnidentifiedImageError

from convline.images.file_kinds import classify
from convline.images.image_formats import HEAD
from convline.images.pixel_conversion import (
    ALL_BITS,
    SIDEWAYS,
    find_orientation,
    has_16_bit_colour,
    lay_on_white,
    to_eight_bits,
    turn_upright,
)
from convline.images.repairs import repaired

# Against decompression bombs; Pillow's own limit, which only warns from 89 megapixels on, is off.
MAX_PIXELS = 100_000_000
Image.MAX_IMAGE_PIXELS = None


class BadImage(Exception):
    """The file cannot be decoded; the message is the reason."""


class Size(NamedTuple):
    """Height and width in pixels, after applying the EXIF orientation."""

    height: int
    width: int


class Decoded(NamedTuple):
    """An image with 8 bits per channel, and facts about its file.

    Attributes:
        image: upright, of mode L or RGB.
        size: of the file's image at full size.
        peak: largest value of an image with 16-bit channels; None for other images.
        loses_low_bytes: True for 16-bit colour, of which Pillow 13 reads the high bytes alone; its
            peak is then too large by up to 255.
        clipped: number of its values that `bit_depth` cannot represent, now 255.
    """

    image: Image.Image
    size: Size
    peak: int | None
    loses_low_bytes: bool
    clipped: int


def decode(
    data: bytes,
    color_mode: str,
    least: int | None = None,
    *,
    bit_depth: int = ALL_BITS,
    name: str = "",
) -> Image.Image:
    """Return the image of `decode_with_facts`."""
    return decode_with_facts(data, color_mode, least, bit_depth=bit_depth, name=name).image


def decode_with_facts(
    data: bytes,
    color_mode: str,
    least: int | None = None,
    *,
    bit_depth: int = ALL_BITS,
    name: str = "",
) -> Decoded:
    """Decode one image.

    EXIF orientation is applied. Transparent pixels are laid on white. Only the first frame of an
    animation is used. Of 16-bit channels, the high byte of the significant bits is kept, with all
    16 as libpng's `png_set_strip_16` does.

    Args:
        data: a whole file of one of the formats in `image_formats`.
        color_mode: `grayscale` (mode L, luma of ITU-R 601-2) or `rgb` (mode RGB).
        least: smallest height and width, in pixels, to which a JPEG may be reduced: it is decoded
            at 1/2, 1/4 or 1/8 of its size (12 megapixels in 16 ms instead of 153); None: full size.
        bit_depth: number of significant bits of images with 16-bit channels, 8 to 16.
        name: name of the file, for formats without a signature (TGA).

    Raises:
        BadImage: the file is damaged, has another format, is too large, or its pixels have no fixed
            range.
    """
    verdict, file_format = classify(name, data[:HEAD])
    if verdict != "image":
        raise BadImage(file_format)
    try:
        return _decode(data, file_format, color_mode, least, bit_depth)
    except BadImage as error:
        # After the first attempt, so that files without a fault take no extra time.
        if (plain := repaired(data)) is None:
            raise
        try:
            return _decode(plain, file_format, color_mode, least, bit_depth)
        except BadImage:
            raise error from None


def least_side(image_size: Sequence[int], interpolation: str) -> int | None:
    """Return the `least` of `decode` for images that are resized afterwards.

    Twice the longer side of the result, as in Pillow's `thumbnail`, so that no detail is lost; None
    for `nearest`, which picks single pixels of the file.

    Args:
        image_size: height and width of the result, in pixels.
        interpolation: `nearest`, `bilinear`, `bicubic` or `lanczos`.
    """
    return None if interpolation == "nearest" else 2 * max(image_size)


def _decode(
    data: bytes, file_format: str, color_mode: str, least: int | None, bit_depth: int
) -> Decoded:
    try:
        image = _open(data, file_format)
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise BadImage(f"{width}x{height} pixels are more than {MAX_PIXELS:,}")
        # HEIC would return its thumbnail.
        if least and file_format == "JPEG":
            image.draft(None, (least, least))
        # First, because Pillow loads a PNG to find its orientation.
        loses_low_bytes = has_16_bit_colour(image)
        orientation = find_orientation(image)
        if orientation in SIDEWAYS:
            width, height = height, width
        image = turn_upright(image, orientation)
        image, peak, clipped = to_eight_bits(image, bit_depth, loses_low_bytes)
        if image.has_transparency_data:
            image = lay_on_white(image)
        mode = "L" if color_mode == "grayscale" else "RGB"
        if image.mode != mode:
            image = image.convert(mode)
        image.load()
        return Decoded(image, Size(height, width), peak, loses_low_bytes, clipped)
    except (BadImage, MemoryError):
        raise
    except Exception as error:
        raise BadImage(_reason(error)) from error


def _open(data: bytes, file_format: str) -> Image.Image:
    if file_format == "HEIF":
        from pillow_heif import register_heif_opener  # noqa: PLC0415 (an extra)

        register_heif_opener()
    if file_format == "ICO":
        _refuse_large_icons(data)
    return Image.open(io.BytesIO(data), formats=[file_format])


def _refuse_large_icons(data: bytes) -> None:
    """Apply MAX_PIXELS to the pictures of an icon, since Pillow decodes one on opening."""
    for entry in range(6, 6 + 16 * int.from_bytes(data[4:6], "little"), 16):
        start = int.from_bytes(data[entry + 12 : entry + 16], "little")
        form, at = (">II", 16) if data[start : start + 4] == b"\x89PNG" else ("<II", 4)
        if data[start : start + 4] == b"\x0c\0\0\0":  # a bitmap with the header of OS/2
            form = "<HH"
        width, height = struct.unpack_from(form, data, start + at)
        if width * height > MAX_PIXELS:
            raise BadImage(f"{width}x{height} pixels are more than {MAX_PIXELS:,}")


def _reason(error: Exception) -> str:
    # Pillow's message contains the address of the BytesIO object, which differs from run to run.
    unidentified = isinstance(error, UnidentifiedImageError)
    return "damaged at its beginning" if unidentified else str(error) or type(error).__name__
