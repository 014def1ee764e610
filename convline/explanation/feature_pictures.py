"""Pictures of what a model looks at: its first filters, what each convolution gives, Grad-CAM."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps
from scipy import ndimage

from convline.explanation.grad_cam import grad_cam
from convline.explanation.model_parts import ModelParts
from convline.records.predictions import Predictions

TILE = 96  # pixels a side
GAP = 4
LABEL = 150
LINE = 16
FILTERS = 32
CHANNELS = 8
EXAMPLES = 4
# Cold to hot, over the picture in grey.
COLD, WARM, HOT = "#1b2a6b", "#e0a030", "#d01010"
Row = tuple[str, list[Image.Image]]


def shown_keys(test: Mapping[str, Predictions]) -> set[str]:
    """Return the keys of the test images that `write_pictures` draws."""
    # The convolutions of one image are drawn: the first, whatever it is.
    keys = {next(iter(test.values())).keys[0]}
    return keys.union(*(p.keys[rows] for p in test.values() for rows in examples(p)))


def write_pictures(
    test: Mapping[str, Predictions],
    parts: Mapping[str, ModelParts],
    images: Mapping[str, np.ndarray],
    folder: Path,
) -> None:
    """Draw filters, feature maps, edges and Grad-CAM of each model.

    Args:
        test: predictions of the test split by model.
        parts: the parts of each model.
        images: uint8 (height, width, channels) by key; those of `shown_keys` at least.
        folder: an existing folder.
    """
    for model, predictions in test.items():
        own, image = parts[model], images[next(iter(test.values())).keys[0]]
        draw_filters(own, folder / f"filters_{model}.png")
        draw_feature_maps(own, image, folder / f"feature_maps_{model}.png")
        draw_edges(own, image, folder / f"edges_{model}.png")
        draw_grad_cam(own, predictions, images, folder / f"grad_cam_{model}.png")


def draw_filters(parts: ModelParts, path: Path) -> None:
    """Draw the kernels of the first convolution, in colour where they see three channels."""
    kernels = np.asarray(parts.convolutions[0].kernel)[..., :FILTERS]
    tiles = [_picture(_stretch(kernels[..., i])) for i in range(kernels.shape[-1])]
    name = parts.names[0]
    rows = [tiles[i : i + CHANNELS] for i in range(0, len(tiles), CHANNELS)]
    _sheet([(name if i == 0 else "", row) for i, row in enumerate(rows)]).save(path)


def draw_feature_maps(parts: ModelParts, image: np.ndarray, path: Path) -> None:
    """Draw the first channels that each convolution gives for an image, a row for each layer.

    Args:
        parts: the parts of the model.
        image: uint8 (height, width, channels).
        path: of the PNG.
    """
    responses = parts.responses(image[np.newaxis].astype(np.float32))
    rows: list[Row] = [("the image", [_picture(image)])]
    for name, response in zip(parts.names, responses, strict=True):
        channels = np.asarray(response, np.float32)[0][..., :CHANNELS]
        tiles = [_picture(_stretch(channels[..., i])) for i in range(channels.shape[-1])]
        rows.append((f"{name}\n{response.shape[1]}x{response.shape[2]}", tiles))
    _sheet(rows).save(path)


def draw_edges(parts: ModelParts, image: np.ndarray, path: Path) -> None:
    """Draw Sobel's filters on an image, and beside them what the first learned ones give.

    Args:
        parts: the parts of the model.
        image: uint8 (height, width, channels).
        path: of the PNG.
    """
    grey = np.asarray(_picture_of(image).convert("L"), np.float32)
    # Derivatives down and across, which find horizontal and vertical edges (Sobel 1968).
    horizontal, vertical = ndimage.sobel(grey, axis=0), ndimage.sobel(grey, axis=1)
    magnitude = np.hypot(horizontal, vertical)
    learned = np.asarray(parts.responses(image[np.newaxis].astype(np.float32))[0], np.float32)[0]
    rows: list[Row] = [
        ("the image", [_picture(image)]),
        ("Sobel: horizontal,\nvertical, magnitude", [
            _picture(_stretch(edges)) for edges in (horizontal, vertical, magnitude)
        ]),
        (f"learned:\n{parts.names[0]}", [
            _picture(_stretch(learned[..., i])) for i in range(min(CHANNELS, learned.shape[-1]))
        ]),
    ]  # fmt: skip
    _sheet(rows).save(path)


def examples(predictions: Predictions) -> list[np.ndarray]:
    """Rows of the most confident right predictions, and of wrong ones, int (at most 4,) each."""
    order = np.argsort(-predictions.confidence, kind="stable")
    right = predictions.correct[order]
    return [order[right][:EXAMPLES], order[~right][:EXAMPLES]]


def draw_grad_cam(
    parts: ModelParts, predictions: Predictions, images: Mapping[str, np.ndarray], path: Path
) -> None:
    """Draw where the model sees the class that it predicts, of right and of wrong predictions.

    Args:
        parts: the parts of the model.
        predictions: of the test split.
        images: uint8 (height, width, channels), by key; those of `examples` at least.
        path: of the PNG.
    """
    rows: list[Row] = []
    for title, chosen in zip(("right", "wrong"), examples(predictions), strict=True):
        if not len(chosen):
            continue
        pixels = np.stack([images[predictions.keys[row]] for row in chosen])
        heats = grad_cam(parts, pixels, predictions.predicted[chosen])
        names = [
            f"{predictions.classes[predictions.labels[row]]} as "
            f"{predictions.classes[predictions.predicted[row]]}"
            for row in chosen
        ]
        rows.append((f"{title}:\n" + "\n".join(names), [_picture(image) for image in pixels]))
        rows.append(("", [overlay(_picture(x), h) for x, h in zip(pixels, heats, strict=True)]))
    _sheet(rows).save(path)


def overlay(picture: Image.Image, heat: np.ndarray) -> Image.Image:
    """A heat map in colour over a picture in grey.

    Args:
        picture: as large as the result.
        heat: float (rows, columns), 0 to 1, of the whole picture.
    """
    grey = picture.convert("L").convert("RGB")
    warmth = Image.fromarray((heat * 255).astype(np.uint8))
    warmth = warmth.resize(grey.size, Image.Resampling.BICUBIC)
    colours = ImageOps.colorize(warmth, black=COLD, mid=WARM, white=HOT)
    return Image.blend(grey, colours, 0.45)


def fit(image: Image.Image, side: int) -> Image.Image:
    """The picture with its longer side so long, in pixels; small ones with their pixels seen."""
    scale = side / max(image.size)
    method = Image.Resampling.NEAREST if scale >= 2 else Image.Resampling.BICUBIC
    # ImageOps.contain gives a picture of 1000x1 pixels no height at all.
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, method)


def _stretch(values: np.ndarray) -> np.ndarray:
    """Least to black, most to white, uint8."""
    low, high = values.min(), values.max()
    return ((values - low) / max(high - low, 1e-9) * 255).astype(np.uint8)


def _picture_of(pixels: np.ndarray) -> Image.Image:
    """Grey or RGB; of another number of channels, as in deeper kernels, their mean."""
    if pixels.ndim == 3 and pixels.shape[-1] not in {1, 3}:
        pixels = pixels.mean(axis=-1).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels)


def _picture(pixels: np.ndarray) -> Image.Image:
    return fit(_picture_of(pixels).convert("RGB"), TILE)


def _sheet(rows: Sequence[Row]) -> Image.Image:
    font = ImageFont.load_default(12)
    widest = max((len(tiles) for _, tiles in rows), default=1)
    size = (LABEL + widest * (TILE + GAP), max(len(rows), 1) * (TILE + GAP))
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for i, (label, tiles) in enumerate(rows):
        top = i * (TILE + GAP)
        for n, line in enumerate(label.split("\n")):
            draw.text((GAP, top + GAP + n * LINE), line[:22], "black", font)
        for column, tile in enumerate(tiles):
            sheet.paste(tile, (LABEL + column * (TILE + GAP), top))
    return sheet
