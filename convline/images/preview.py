"""What a person should look at before training: the balance of the classes, some images of each."""

from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd
from PIL import Image, ImageDraw, ImageFont, ImageOps

from convline.images.decoding import decode

TILE = 96  # pixels a side
PER_CLASS = 8
MAX_CLASSES = 20
LABEL_WIDTH = 160


def write_balance(targets: dict[str, Path], folder: Path) -> None:
    """Write `class_balance.csv`: images per class and split."""
    counts = Counter(target.parts[:2] for target in targets.values())
    rows = [(label, split, n) for (split, label), n in counts.items()]
    table = pd.DataFrame(rows, columns=["class", "split", "images"])
    table.sort_values(["class", "split"]).to_csv(folder / "class_balance.csv", index=False)


def write_samples(targets: dict[str, Path], images: Path, folder: Path) -> None:
    """Write `samples.png`: a row of training images for each of the first classes.

    Args:
        targets: where each image is, below `images`.
        images: the folder of the organized images.
        folder: where to write.
    """
    samples: dict[str, list[Path]] = defaultdict(list)
    for target in sorted(targets.values()):
        split, label, _ = target.parts
        if split == "train" and len(samples[label]) < PER_CLASS:
            samples[label].append(images / target)
    shown = sorted(samples)[:MAX_CLASSES]
    sheet = Image.new("RGB", (LABEL_WIDTH + PER_CLASS * TILE, len(shown) * TILE), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(14)
    for row, label in enumerate(shown):
        draw.text((8, row * TILE + TILE // 2 - 8), label[:20], "black", font)
        for column, path in enumerate(samples[label]):
            tile = ImageOps.contain(decode(path.read_bytes(), "rgb"), (TILE - 4, TILE - 4))
            sheet.paste(tile, (LABEL_WIDTH + column * TILE, row * TILE + 2))
    sheet.save(folder / "samples.png")
