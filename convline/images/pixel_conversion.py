"""Convert the pixels that Pillow decodes: upright, 8 bits per channel, without transparency."""

import numpy as np
from PIL import ExifTags, Image

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
NO_RANGE = "pixels have no fixed range; save the image with 8 or 16 bits"
LOW_BYTES = (
    "16-bit colour is read without its low bytes, so preprocess.bit_depth cannot be applied; "
    "save the image with 8 bits per channel"
)


def find_orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 if there is none, or if EXIF is damaged."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
    except Exception:  # noqa: BLE001 (Pillow raises a dozen kinds for damaged EXIF)
        return UPRIGHT
    return orientation if orientation in TURNS else UPRIGHT


def turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Return the image after applying its orientation.

    Without its EXIF: Pillow's `exif_transpose` fails if it cannot rewrite another entry of it.
    """
    if orientation == UPRIGHT:
        return image
    image.load()
    if image.format == "TIFF":  # Pillow turns it on loading, and then removes the orientation.
        orientation = find_orientation(image)
    return image.transpose(TURNS[orientation]) if orientation != UPRIGHT else image


def has_16_bit_colour(image: Image.Image) -> bool:
    """Return True for 16-bit colour, of which Pillow 13 keeps the high byte of each channel.

    Args:
        image: before its pixels are decoded. The raw mode for its decoder, such as `RGB;16B`, is
            the only trace of the 16 bits.
    """
    if image.format not in {"PNG", "TIFF", "SGI"} or image.mode not in {"RGB", "RGBA"}:
        return False
    return any(";16" in str(tile) for tile in getattr(image, "tile", ()))


def to_eight_bits(
    image: Image.Image, bit_depth: int, loses_low_bytes: bool
) -> tuple[Image.Image, int | None, int]:
    """Scale 16-bit grey to 8 bits; `Image.convert` would clip it at 255.

    Args:
        image: of any mode.
        bit_depth: number of significant bits.
        loses_low_bytes: result of `has_16_bit_colour`.

    Returns:
        The image, its largest value (None without 16-bit channels), and the number of values that
        were larger than `bit_depth` allows, now 255.

    Raises:
        ValueError: the values have no fixed range, or `bit_depth` cannot be applied.
    """
    if image.mode == "F":
        raise ValueError(f"floating-point {NO_RANGE}")
    if loses_low_bytes:
        if bit_depth < ALL_BITS:
            raise ValueError(LOW_BYTES)
        high_bytes = np.asarray(image)[..., :3]
        return image, int(high_bytes.max()) << 8 | 255, 0
    if not image.mode.startswith("I"):
        return image, None, 0
    pixels = np.asarray(image)
    peak = int(pixels.max())
    if pixels.min() < 0 or peak >= 2**16:
        raise ValueError(f"32-bit {NO_RANGE}")
    levels = pixels.astype(np.uint16) >> (bit_depth - 8)
    clipped = int((levels > 255).sum()) if peak >= 2**bit_depth else 0
    grey = Image.fromarray(np.minimum(levels, 255).astype(np.uint8))
    if "transparency" in image.info:
        opaque = np.where(pixels == image.info["transparency"], 0, 255).astype(np.uint8)
        grey.putalpha(Image.fromarray(opaque))
    return grey, peak, clipped


def lay_on_white(image: Image.Image) -> Image.Image:
    """Return an image with transparency as RGBA without it, on a white background."""
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
