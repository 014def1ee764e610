"""Draw what a model looks at: its first filters, the output of each convolution, Grad-CAM."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from scipy import ndimage

from convline.explanation.grad_cam import grad_cam
from convline.explanation.model_parts import ModelParts
from convline.images.contact_sheet import Row, draw_rows, fit_image, to_image
from convline.records.predictions import Predictions

SIDE = 96  # pixels of one image on a sheet
FILTERS = 32  # at most
CHANNELS = 8  # per row
EXAMPLES = 4  # of correct predictions and of wrong ones
# Cold to hot, over the image in grey.
COLD, WARM, HOT = "#1b2a6b", "#e0a030", "#d01010"


def shown_keys(test: Mapping[str, Predictions]) -> set[str]:
    """Return the keys of the test images that `write_pictures` draws."""
    keys = {_example_key(test)}
    return keys.union(*(p.keys[rows] for p in test.values() for rows in most_confident(p)))


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
        images: uint8 (height, width, channels) by key; at least those of `shown_keys`.
        folder: an existing folder.
    """
    image = images[_example_key(test)]
    for model, predictions in test.items():
        own = parts[model]
        sheets = {
            "filters": draw_filters(own),
            "feature_maps": draw_feature_maps(own, image),
            "edges": draw_edges(own, image),
            "grad_cam": draw_grad_cam(own, predictions, images),
        }
        for name, sheet in sheets.items():
            sheet.save(folder / f"{name}_{model}.png")


def draw_filters(parts: ModelParts) -> Image.Image:
    """Draw the kernels of the first convolution, in colour if they take three channels."""
    kernels = np.asarray(parts.convolutions[0].kernel)[..., :FILTERS]
    tiles = [_scaled_to_image(kernels[..., i]) for i in range(kernels.shape[-1])]
    rows = [tiles[i : i + CHANNELS] for i in range(0, len(tiles), CHANNELS)]
    labels = [parts.names[0], *[""] * (len(rows) - 1)]
    return draw_rows(list(zip(labels, rows, strict=True)), side=SIDE)


def draw_feature_maps(parts: ModelParts, image: np.ndarray) -> Image.Image:
    """Draw the first channels of each convolution's output for an image, one row per layer.

    Args:
        parts: the parts of the model.
        image: uint8 (height, width, channels).
    """
    responses = parts.responses(image[np.newaxis].astype(np.float32))
    rows: list[Row] = [("image", [to_image(image)])]
    for name, response in zip(parts.names, responses, strict=True):
        size = f"{response.shape[1]}x{response.shape[2]}"
        rows.append((f"{name}\n{size}", _channels(response)))
    return draw_rows(rows, side=SIDE)


def draw_edges(parts: ModelParts, image: np.ndarray) -> Image.Image:
    """Draw Sobel's filters on an image beside the output of the first learned filters.

    Args:
        parts: the parts of the model.
        image: uint8 (height, width, channels).
    """
    grey = np.asarray(to_image(image).convert("L"), np.float32)
    # Derivatives down and across, which find horizontal and vertical edges (Sobel 1968).
    horizontal, vertical = ndimage.sobel(grey, axis=0), ndimage.sobel(grey, axis=1)
    edges = [horizontal, vertical, np.hypot(horizontal, vertical)]
    learned = parts.responses(image[np.newaxis].astype(np.float32))[0]
    rows: list[Row] = [
        ("image", [to_image(image)]),
        ("Sobel: horizontal,\nvertical, magnitude", [_scaled_to_image(x) for x in edges]),
        (f"learned:\n{parts.names[0]}", _channels(learned)),
    ]
    return draw_rows(rows, side=SIDE)


def most_confident(predictions: Predictions) -> list[np.ndarray]:
    """Return the rows of the most confident correct and wrong predictions, at most 4 each."""
    order = np.argsort(-predictions.confidence, kind="stable")
    correct = predictions.correct[order]
    return [order[correct][:EXAMPLES], order[~correct][:EXAMPLES]]


def draw_grad_cam(
    parts: ModelParts, predictions: Predictions, images: Mapping[str, np.ndarray]
) -> Image.Image:
    """Draw Grad-CAM of the predicted class for correct and for wrong predictions.

    Args:
        parts: the parts of the model.
        predictions: predictions of the test split.
        images: uint8 (height, width, channels) by key; at least those of `most_confident`.
    """
    rows: list[Row] = []
    for title, chosen in zip(("correct", "wrong"), most_confident(predictions), strict=True):
        if not len(chosen):
            continue
        pixels = np.stack([images[predictions.keys[row]] for row in chosen])
        heats = grad_cam(parts, pixels, predictions.predicted[chosen])
        names = [
            f"{predictions.classes[predictions.labels[row]]} as "
            f"{predictions.classes[predictions.predicted[row]]}"
            for row in chosen
        ]
        # Enlarged first, so that the heat map on it is smooth.
        pictures = [fit_image(to_image(image), SIDE) for image in pixels]
        rows.append((f"{title}:\n" + "\n".join(names), pictures))
        rows.append(("", [overlay(x, heat) for x, heat in zip(pictures, heats, strict=True)]))
    return draw_rows(rows, side=SIDE)


def overlay(picture: Image.Image, heat: np.ndarray) -> Image.Image:
    """Lay a heat map in colour over an image in grey.

    Args:
        picture: as large as the result.
        heat: float (rows, columns), 0 to 1, of the whole image.
    """
    grey = picture.convert("L").convert("RGB")
    warmth = Image.fromarray((heat * 255).astype(np.uint8))
    warmth = warmth.resize(grey.size, Image.Resampling.BICUBIC)
    colours = ImageOps.colorize(warmth, black=COLD, mid=WARM, white=HOT)
    return Image.blend(grey, colours, 0.45)


def _example_key(test: Mapping[str, Predictions]) -> str:
    """Return the key of the image whose feature maps are drawn: the first of the test split."""
    return next(iter(test.values())).keys[0]


def _channels(response: object) -> list[Image.Image]:
    """Return the first channels of a layer's output, (1, rows, columns, channels), as images."""
    channels = np.asarray(response, np.float32)[0][..., :CHANNELS]
    return [_scaled_to_image(channels[..., i]) for i in range(channels.shape[-1])]


def _scaled_to_image(values: np.ndarray) -> Image.Image:
    """Draw values (rows, columns) or (rows, columns, channels): the least black, the most white."""
    low, high = values.min(), values.max()
    pixels = ((values - low) / max(high - low, 1e-9) * 255).astype(np.uint8)
    # Deeper kernels have neither one nor three channels: draw their mean.
    if pixels.ndim == 3 and pixels.shape[-1] not in {1, 3}:
        pixels = pixels.mean(axis=-1).astype(np.uint8)
    return to_image(pixels)
