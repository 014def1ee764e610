"""Pictures of where the models fail: confident mistakes, images on which they disagree."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from convline.records.predictions import Predictions

MOST = 12
COLUMNS = 4
TILE = 168  # pixels a side
LINE = 17
MARGIN = 8
LONGEST = 24  # letters of a caption


def most_confident_mistakes(predictions: Predictions) -> np.ndarray:
    """Rows of the wrong images, the most confident first, int (at most 12,)."""
    wrong = np.flatnonzero(~predictions.correct)
    return wrong[np.argsort(-predictions.confidence[wrong], kind="stable")][:MOST]


def strongest_disagreements(first: Predictions, second: Predictions) -> np.ndarray:
    """Rows that the models predict different classes for, the surest first, int (at most 12,)."""
    rows = np.flatnonzero(first.predicted != second.predicted)
    confidence = np.maximum(first.confidence, second.confidence)[rows]
    return rows[np.argsort(-confidence, kind="stable")][:MOST]


def draw_mistakes(predictions: Predictions, images: Mapping[str, np.ndarray], path: Path) -> None:
    """Draw the most confident mistakes with their true and predicted class.

    Args:
        predictions: of the test split.
        images: uint8 (height, width, channels), by key; those needed at least.
        path: of the PNG.
    """
    rows = most_confident_mistakes(predictions)
    captions = [
        [f"true: {_true(predictions, row)}", f"said: {_said(predictions, row)}"] for row in rows
    ]
    tiles = [images[predictions.keys[row]] for row in rows]
    _sheet(tiles, captions, "no mistakes on the test split").save(path)


def draw_disagreements(
    models: Mapping[str, Predictions], images: Mapping[str, np.ndarray], path: Path
) -> None:
    """Draw images on which the two models disagree, with what each of them says."""
    first, second = models.values()
    rows = strongest_disagreements(first, second)
    captions = [
        [f"true: {_true(first, row)}", *(f"{m}: {_said(p, row)}" for m, p in models.items())]
        for row in rows
    ]
    tiles = [images[first.keys[row]] for row in rows]
    _sheet(tiles, captions, "the models agree on all images").save(path)


def _true(predictions: Predictions, row: int) -> str:
    return predictions.classes[predictions.labels[row]]


def _said(predictions: Predictions, row: int) -> str:
    return f"{predictions.classes[predictions.predicted[row]]} {predictions.confidence[row]:.2f}"


def _sheet(tiles: list[np.ndarray], captions: list[list[str]], nothing: str) -> Image.Image:
    font = ImageFont.load_default(13)
    if not tiles:
        sheet = Image.new("RGB", (COLUMNS * TILE, 3 * LINE), "white")
        ImageDraw.Draw(sheet).text((MARGIN, LINE), nothing, "black", font)
        return sheet
    width, height = TILE + MARGIN, TILE + len(captions[0]) * LINE + 2 * MARGIN
    rows = -(-len(tiles) // COLUMNS)
    sheet = Image.new("RGB", (min(len(tiles), COLUMNS) * width, rows * height), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (tile, lines) in enumerate(zip(tiles, captions, strict=True)):
        left, top = i % COLUMNS * width + MARGIN // 2, i // COLUMNS * height + MARGIN // 2
        sheet.paste(_enlarge(tile), (left, top))
        for n, line in enumerate(lines):
            draw.text((left, top + TILE + 2 + n * LINE), line[:LONGEST], "black", font)
    return sheet


def _enlarge(pixels: np.ndarray) -> Image.Image:
    """The image inside a square; small ones enlarged with their pixels to be seen."""
    image = Image.fromarray(pixels.squeeze()).convert("RGB")
    method = Image.Resampling.NEAREST if max(image.size) * 2 <= TILE else Image.Resampling.BICUBIC
    return ImageOps.pad(image, (TILE, TILE), method, "white")
