"""Decode image files of any supported format into upright 8-bit grey or RGB pixels."""

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from convline.images.file_kinds import classify
from convline.images.image_formats import HEAD
from convline.images.repairs import repaired

UPRIGHT, SIDEWAYS = 1, {5, 6, 7, 8}  # EXIF orientations; the latter swap height and width
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ALL_BITS = 16  # of a channel

LOW_BYTES = (
    "16-bit colour is read without its low bytes, so preprocess.bit_depth cannot be applied; "
    "save the image with 8 bits per channel"
)

# Against decompression bombs; Pillow's own limit, which only warns from 89 megapixels on, is off.
MAX_PIXELS = 100_000_000
Image.MAX_IMAGE_PIXELS = None


class BadImage(Exception):
    """The file cannot be decoded; the message is the reason.

    Args:
        reason: what is wrong.
        final: True if no repair would help.
    """

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


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
        clipped: number of its values that `bit_depth` cannot represent, now 255.
    """

    image: Image.Image
    size: Size
    peak: int | None
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
        bit_depth: number of significant bits of images with 16-bit channels, 9 to 16.
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
        if error.final or (plain := repaired(data)) is None:
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
            raise BadImage(f"{width}x{height} pixels are more than {MAX_PIXELS:,}", final=True)
        # HEIC would return its thumbnail.
        if least and file_format == "JPEG":
            image.draft(None, (least, least))
        if bit_depth < ALL_BITS and _loses_low_bytes(image):
            raise BadImage(LOW_BYTES, final=True)
        orientation = _orientation(image)
        if orientation in SIDEWAYS:
            width, height = height, width
        if orientation != UPRIGHT:
            # Turned without its EXIF, which Pillow cannot rewrite if another entry is malformed.
            image.load()
            # Pillow has turned a TIFF on loading.
            image = image if file_format == "TIFF" else image.transpose(TURNS[orientation])
        image, peak, clipped = _eight_bits(image, bit_depth)
        if image.has_transparency_data:
            image = _lay_on_white(image)
        mode = "L" if color_mode == "grayscale" else "RGB"
        if image.mode != mode:
            image = image.convert(mode)
        image.load()
        return Decoded(image, Size(height, width), peak, clipped)
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
    """Refuse pictures beyond the format's 256 pixels, since Pillow decodes them on opening."""
    for entry in range(6, 6 + 16 * int.from_bytes(data[4:6], "little"), 16):
        start = int.from_bytes(data[entry + 12 : entry + 16], "little")
        if data[start : start + 4] == b"\x89PNG":
            sides = [int.from_bytes(data[start + i : start + i + 4]) for i in (16, 20)]
        else:
            sides = [int.from_bytes(data[start + i : start + i + 4], "little") for i in (4, 8)]
        if max(sides) > 2 * 256:  # a bitmap and its mask have twice the height
            raise BadImage(f"an icon of {sides[0]}x{sides[1]} pixels is not valid", final=True)


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 if there is none, or if EXIF is damaged."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
    except Exception:  # noqa: BLE001 (Pillow raises a dozen kinds for damaged EXIF)
        return UPRIGHT
    return orientation if orientation in TURNS else UPRIGHT


def _loses_low_bytes(image: Image.Image) -> bool:
    """Return True for 16-bit colour, of which Pillow 13 keeps the high byte of each channel."""
    return image.mode[0] != "I" and any(";16" in str(tile) for tile in getattr(image, "tile", ()))


def _lay_on_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)


def _eight_bits(image: Image.Image, bit_depth: int) -> tuple[Image.Image, int | None, int]:
    """Scale 16-bit grey to 8 bits; `Image.convert` would clip it at 255.

    Returns:
        The image, its largest value (None for others), and the number of values clipped.
    """
    if image.mode == "F":
        raise BadImage(
            "floating-point pixels have no fixed range; save the image with 8 or 16 bits"
        )
    if not image.mode.startswith("I"):
        return image, None, 0
    pixels = np.asarray(image)
    peak = int(pixels.max())
    if pixels.min() < 0 or peak >= 2**16:
        raise BadImage("32-bit pixels have no fixed range; save the image with 8 or 16 bits")
    levels = pixels.astype(np.uint16) >> (bit_depth - 8)
    clipped = int((levels > 255).sum()) if peak >= 2**bit_depth else 0
    grey = Image.fromarray(np.minimum(levels, 255).astype(np.uint8))
    if "transparency" in image.info:
        opaque = np.where(pixels == image.info["transparency"], 0, 255).astype(np.uint8)
        grey.putalpha(Image.fromarray(opaque))
    return grey, peak, clipped


def _reason(error: Exception) -> str:
    # Pillow's message contains the address of the BytesIO object, which differs from run to run.
    unidentified = isinstance(error, UnidentifiedImageError)
    return "damaged at its beginning" if unidentified else str(error) or type(error).__name__
