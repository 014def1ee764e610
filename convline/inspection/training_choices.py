"""Choose the networks, their training and the random changes of their images."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from convline.evaluation.positive_class import NEGATIVE
from convline.inspection.choice import Choice

FILTERS = [32, 64, 128, 128, 128]  # of up to five blocks
LAST_SIDE = 4  # pixels of the last block's output, or more
# 100 classes of 12 images: validation accuracy 0.39 without the layer, 0.10 with it (20 epochs).
MANY_CLASSES = 20
UNBALANCED = 2.0  # images of the largest class for each of the smallest
# Training images from which on the next row applies: epochs and patience of the scratch CNN.
SCHEDULES = ((0, 100, 15), (1_000, 50, 10), (10_000, 30, 6), (50_000, 20, 4))
MANY = 20_000  # training images, for larger batches
# Classes that a mirrored image would change: digits, letters, directions.
SYMBOL = re.compile(r"\W*\w\W*|\d+|(.*[\W_])?(left|right)([\W_].*)?", re.IGNORECASE)


def choose_training(
    counts: Counter[str], images: int, image_size: Sequence[int], color_mode: str
) -> Iterator[Choice]:
    """Yield choices for the sections train, train_head and evaluate.

    Args:
        counts: number of images of each class.
        images: number of training images.
        image_size: of preprocess, height and width in pixels.
        color_mode: of preprocess, `grayscale` or `rgb`.
    """
    side = min(image_size)
    blocks = choose_blocks(side)
    why = f"{blocks} blocks reduce {side} pixels to {side >> blocks}"
    yield Choice("train.filters", FILTERS[:blocks], why)
    why = "CIFAR-10 is learned faster without it: 0.58 against 0.33 after four epochs"
    yield Choice("train.batch_normalization", False, why)
    if len(counts) > MANY_CLASSES:
        why = f"{len(counts):,} classes do not fit through a hidden layer of 64 units"
        yield Choice("train.dense_units", [], why)
    yield from _choose_length(images)
    yield from _choose_class_weight(counts)
    for section in ("train", "train_head"):
        yield Choice(f"{section}.precision", "auto", "bfloat16 where the hardware has it")
    yield from _choose_augmentation(sorted(counts), color_mode)
    yield from _choose_positive(sorted(counts))


def choose_blocks(side: int) -> int:
    """Return the number of blocks of the scratch CNN, each of which halves height and width."""
    return min(max(int(math.log2(side / LAST_SIDE)), 2), len(FILTERS))


def _choose_length(images: int) -> Iterator[Choice]:
    _, epochs, patience = [row for row in SCHEDULES if row[0] <= images][-1]
    why = f"{images:,} training images"
    yield Choice("train.epochs", epochs, f"{why}; early stopping ends most runs before")
    yield Choice("train.early_stopping_patience", patience, why)
    yield Choice("train.batch_size", 64 if images >= MANY else 32, why)
    yield Choice("train_head.batch_size", 128 if images >= MANY else 32, why)
    yield Choice("train_head.early_stopping_patience", min(patience, 10), why)


def _choose_class_weight(counts: Counter[str]) -> Iterator[Choice]:
    (largest, most), *_, (smallest, least) = counts.most_common()
    value = "balanced" if most >= UNBALANCED * least else "none"
    why = f"{most:,} images of '{largest}', {least:,} of '{smallest}'"
    for section in ("train", "train_head"):
        yield Choice(f"{section}.class_weight", value, why)


def _choose_augmentation(classes: Sequence[str], color_mode: str) -> Iterator[Choice]:
    symbols = [name for name in classes if SYMBOL.fullmatch(name)]
    if symbols:
        why = f"'{symbols[0]}' may be a symbol or a direction, which a mirrored image changes"
    elif color_mode == "grayscale":
        why = "grey images may be scans or text, which are not mirrored"
    else:
        why = "a mirrored photograph shows the same class"
    flip = not symbols and color_mode == "rgb"
    part = "train.augmentation"
    yield Choice(f"{part}.horizontal_flip", flip, why)
    for name, value in (
        ("rotation_degrees", 10),
        ("width_shift_fraction", 0.1),
        ("height_shift_fraction", 0.1),
        ("zoom_fraction", 0.1),
    ):
        yield Choice(f"{part}.{name}", value, "small changes that keep the class")


def _choose_positive(classes: list[str]) -> Iterator[Choice]:
    negative = [name for name in classes if NEGATIVE.fullmatch(name.strip())]
    if len(classes) == 2 and len(negative) == 1:
        (positive,) = set(classes) - set(negative)
        yield Choice("evaluate.positive_class", positive, f"'{negative[0]}' is the other class")
