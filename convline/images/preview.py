"""Show what was organized: images per class, some of each, and near duplicates."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from convline.images.contact_sheet import draw_grid, draw_rows
from convline.images.decoding import decode
from convline.images.near_duplicates import Pair

PER_CLASS = 8  # images shown
MAX_CLASSES = 20
MAX_PAIRS = 12


def write_balance(targets: dict[str, Path], folder: Path) -> None:
    """Write `class_balance.csv`: images per class and split."""
    counts = Counter(target.parts[:2] for target in targets.values())
    rows = [(label, split, n) for (split, label), n in counts.items()]
    table = pd.DataFrame(rows, columns=["class", "split", "images"])
    table.sort_values(["class", "split"]).to_csv(folder / "class_balance.csv", index=False)


def write_samples(targets: dict[str, Path], images: Path, folder: Path) -> None:
    """Write `samples.png`: a row of training images for each of the first classes.

    Args:
        targets: path of each image, relative to `images`.
        images: the folder of the organized images.
        folder: the folder to write to.
    """
    samples: dict[str, list[Path]] = defaultdict(list)
    for target in sorted(targets.values()):
        split, label, _ = target.parts
        if split == "train" and len(samples[label]) < PER_CLASS:
            samples[label].append(images / target)
    shown = sorted(samples)[:MAX_CLASSES]
    rows = [
        (label, [decode(x.read_bytes(), "rgb", name=x.name) for x in samples[label]])
        for label in shown
    ]
    draw_rows(rows).save(folder / "samples.png")


def write_near_duplicates(
    pairs: Sequence[Pair], targets: dict[str, Path], images: Path, folder: Path
) -> None:
    """Write `near_duplicates.png`: the closest pairs, two in a row.

    Args:
        pairs: near duplicates, the closest ones first.
        targets: path of each image, relative to `images`.
        images: the folder of the organized images.
        folder: the folder to write to.
    """
    shown = [(name, pair) for pair in pairs[:MAX_PAIRS] for name in pair[:2]]
    files = [images / targets[name] for name, _ in shown]
    pictures = [decode(x.read_bytes(), "rgb", name=x.name) for x in files]
    captions = [
        (name.rsplit("/", 1)[-1], ", ".join(targets[name].parts[:2]), f"{pair.similarity:.4f}")
        for name, pair in shown
    ]
    sheet = draw_grid(pictures, captions, if_empty="no near duplicates")
    sheet.save(folder / "near_duplicates.png")
