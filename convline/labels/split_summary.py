"""Summarize the splits: numbers and sizes of images, duplicates, groups and contradictions."""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

from convline.images.scan import Image
from convline.labels.label_set import LabelSet
from convline.labels.splits import Splits
from convline.params.schema import Organize
from convline.runtime import paths


def summarize(
    splits: Splits,
    labels: LabelSet,
    targets: dict[str, Path],
    images: dict[str, Image],
    organize: Organize,
) -> dict[str, Any]:
    """Return the metrics: numbers and sizes of images, duplicates and groups."""
    used = [images[name] for names in splits.values() for name in names]
    copies = Counter(image.sha256 for image in used)
    classes = {
        split: Counter(labels.classes[name] for name in names) for split, names in splits.items()
    }
    found = sorted({label for counts in classes.values() for label in counts})
    return {
        "images": len(used),
        "test_sha256": _fingerprint(splits["test"], targets, images),
        "n_classes": len(found),
        "bytes": sum(image.size for image in used),
        # A list, so that `dvc exp show` has one column for it, not one per class.
        "per_class": [
            {"class": label, **{split: counts[label] for split, counts in classes.items()}}
            for label in found
        ],
        "sizes": {
            "least": [min(x.height for x in used), min(x.width for x in used)],
            "most": [max(x.height for x in used), max(x.width for x in used)],
        },
        "equal_images": sum(count - 1 for count in copies.values()),
        "moved": _count_moved(splits, labels.splits, organize),
        "contradictory": _find_contradictions(labels.classes, images),
        **{split: len(names) for split, names in splits.items()},
        "groups": {
            split: len({labels.groups[name] for name in names if name in labels.groups})
            for split, names in splits.items()
        },
    }


def _fingerprint(names: list[str], targets: dict[str, Path], images: dict[str, Image]) -> str:
    """Return a digest of the files, classes and bytes of images.

    The scores of two commits can be compared if the digests of their test splits are equal.
    """
    facts = sorted(f"{targets[name]} {images[name].sha256.hex()}" for name in names)
    return hashlib.sha256("\n".join(facts).encode(errors="surrogateescape")).hexdigest()


def _count_moved(splits: Splits, split_of: dict[str, str], organize: Organize) -> int:
    """Return how many images left the archive's split to join a duplicate (organize.duplicates)."""
    kept = {"fractions": (), "test_folder": ("test",), "folders": paths.SPLITS}[
        organize.split_method
    ]
    return sum(
        split != split_of.get(name) and (split in kept or split_of.get(name) in kept)
        for split, names in splits.items()
        for name in names
    )


def _find_contradictions(labels: dict[str, str], images: dict[str, Image]) -> list[list[str]]:
    """Return lists of images with equal bytes and different classes."""
    names: dict[bytes, list[str]] = {}
    for name in sorted(labels):
        names.setdefault(images[name].sha256, []).append(name)
    return [same for same in names.values() if len({labels[name] for name in same}) > 1]
