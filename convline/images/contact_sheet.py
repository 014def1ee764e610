"""Draw contact sheets: a grid of images with captions, or rows of images with a label in front."""

from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

GAP = 4  # pixels between two images
LINE = 16  # height of a line of text
FONT_SIZE = 13
MAX_LABEL = 150  # longest label in front of a row, in pixels
Row = tuple[str, Sequence[Image.Image]]


def draw_grid(
    images: Sequence[Image.Image],
    captions: Sequence[Sequence[str]],
    *,
    if_empty: str,
    side: int = 168,
    columns: int = 4,
) -> Image.Image:
    """Draw images in rows of `columns`, each with its caption below.

    Args:
        images: of any size and mode.
        captions: the lines of text below each image, equally many for all.
        if_empty: the text to draw if there are no images.
        side: width and height that each image is fitted into, in pixels.
        columns: number of images per row.
    """
    if not images:
        sheet, draw = _blank(columns * side, 3 * LINE)
        _write(draw, [if_empty], (2 * GAP, LINE), sheet.width - 2 * GAP)
        return sheet
    # Two gaps, so that a caption and the next image stay apart.
    width, height = side + 2 * GAP, side + len(captions[0]) * LINE + 4 * GAP
    n_rows = -(-len(images) // columns)
    sheet, draw = _blank(min(len(images), columns) * width, n_rows * height)
    for i, (image, caption) in enumerate(zip(images, captions, strict=True)):
        left, top = i % columns * width + GAP, i // columns * height + GAP
        _paste(sheet, image, (left, top), side)
        _write(draw, caption, (left, top + side + GAP // 2), side)
    return sheet


def draw_rows(rows: Sequence[Row], *, side: int = 96) -> Image.Image:
    """Draw rows of images, each row behind its label.

    Args:
        rows: the label, which may have several lines, and the images of each row.
        side: width and height that each image is fitted into, in pixels.
    """
    font = ImageFont.load_default(FONT_SIZE)
    lines = [line for label, _ in rows for line in label.split("\n")]
    widest = max((font.getlength(line) for line in lines), default=0)
    indent = min(round(widest), MAX_LABEL) + 3 * GAP
    n_columns = max((len(images) for _, images in rows), default=1)
    pitch = side + GAP
    sheet, draw = _blank(indent + n_columns * pitch, max(len(rows), 1) * pitch)
    for i, (label, images) in enumerate(rows):
        _write(draw, label.split("\n"), (GAP, i * pitch + GAP), MAX_LABEL)
        for column, image in enumerate(images):
            _paste(sheet, image, (indent + column * pitch, i * pitch), side)
    return sheet


def fit_image(image: Image.Image, side: int) -> Image.Image:
    """Resize an image so that its longer side is `side` pixels; keep the aspect ratio.

    Small images are enlarged without smoothing, so that their pixels stay visible.
    """
    scale = side / max(image.size)
    method = Image.Resampling.NEAREST if scale >= 2 else Image.Resampling.BICUBIC
    # ImageOps.contain would reduce 1000x1 pixels to a height of 0.
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, method)


def to_image(pixels: np.ndarray) -> Image.Image:
    """Return uint8 pixels, (height, width), (height, width, 1) or (height, width, 3), as RGB."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels).convert("RGB")


def _blank(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    sheet = Image.new("RGB", (width, height), "white")
    return sheet, ImageDraw.Draw(sheet)


def _paste(sheet: Image.Image, image: Image.Image, corner: tuple[int, int], side: int) -> None:
    """Put an image into the middle of the square at `corner`."""
    fitted = fit_image(image.convert("RGB"), side)
    left, top = corner
    sheet.paste(fitted, (left + (side - fitted.width) // 2, top + (side - fitted.height) // 2))


def _write(
    draw: ImageDraw.ImageDraw, lines: Iterable[str], corner: tuple[int, int], width: int
) -> None:
    """Write lines of text, each cut to `width` pixels."""
    font = ImageFont.load_default(FONT_SIZE)
    left, top = corner
    for number, line in enumerate(lines):
        shown = line
        while font.getlength(shown) > width:
            shown = shown.removesuffix("...")[:-1] + "..."
        draw.text((left, top + number * LINE), shown, "black", font)
