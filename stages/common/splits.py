"""Divide labelled images into train, validation and test."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from stages.common.command import UserError
from stages.common.labels import SPLITS, split_of
from stages.common.schema import Organize

Splits = dict[str, list[str]]


def assign_splits(labels: dict[str, str], organize: Organize, seed: int) -> Splits:
    """Names of the images of each split, in the order of a seeded shuffle.

    Args:
        labels: class of each image by its name; the order does not matter.
        organize: how to split; `limit` takes the first n of the shuffle, whatever their class.
        seed: of the shuffle.

    Raises:
        UserError: fewer than two classes, or a class that has no image in some split.
    """
    names = np.random.default_rng(seed).permutation(sorted(labels)).tolist()[: organize.limit]
    _refuse_one_class({labels[name] for name in names})
    if organize.split == "folders":
        splits = _keep_folders(names)
    elif organize.split == "test_folder":
        splits = _keep_test(names, labels, organize)
    else:
        shares = organize.fractions
        splits = _stratify(names, labels, [shares.train, shares.validation, shares.test])
    _refuse_empty(splits, labels, organize)
    return splits


def _stratify(names: list[str], labels: dict[str, str], fractions: Sequence[float]) -> Splits:
    """Cut each class at the rounded cumulative fractions: every share is exact within one image.

    scikit-learn's `train_test_split`, called twice, rounds twice and can miss by two.
    """
    by_class = defaultdict(list)
    for name in names:
        by_class[labels[name]].append(name)
    splits: Splits = {split: [] for split in SPLITS[: len(fractions)]}
    for members in by_class.values():
        cuts = np.round(np.cumsum(fractions)[:-1] * len(members)).astype(int)
        for split, part in zip(splits, np.split(np.array(members, object), cuts), strict=True):
            splits[split].extend(part)
    return splits


def _keep_folders(names: list[str]) -> Splits:
    splits: Splits = {split: [] for split in SPLITS}
    for name in names:
        split = split_of(name)
        if split is None:
            why = "is in no train, validation or test folder"
            raise UserError(f"organize.split is 'folders', but '{name}' {why}")
        splits[split].append(name)
    return splits


def _keep_test(names: list[str], labels: dict[str, str], organize: Organize) -> Splits:
    test = [name for name in names if split_of(name) == "test"]
    kept = set(test)
    train, validation = organize.fractions.train, organize.fractions.validation
    shares = [train / (train + validation), validation / (train + validation)]
    rest = [name for name in names if name not in kept]
    return {**_stratify(rest, labels, shares), "test": test}


def _refuse_one_class(classes: set[str]) -> None:
    if len(classes) < 2:
        found = f"only '{next(iter(classes))}'" if classes else "none"
        hint = "organize.labels says whether folders or file names tell the class"
        raise UserError(f"a classifier needs two classes or more; the images have {found}; {hint}")


def _refuse_empty(splits: Splits, labels: dict[str, str], organize: Organize) -> None:
    counts = {split: Counter(labels[name] for name in names) for split, names in splits.items()}
    everything = sum(counts.values(), Counter())
    problems = [
        f"  class '{label}' ({images} image{'s' * (images > 1)}) has none in {split}"
        for label, images in sorted(everything.items())
        for split in SPLITS
        if not counts[split][label]
    ]
    if problems:
        shown = problems[:10] + [f"  ... and {len(problems) - 10} more"] * (len(problems) > 10)
        raise UserError("\n".join([_why_empty(splits, organize), *shown]))


def _why_empty(splits: Splits, organize: Organize) -> str:
    empty = [split for split in SPLITS if not splits[split]]
    if organize.split == "fractions" or not empty:
        return "each class needs an image in each split; add images or change organize.fractions:"
    folders = " and no ".join(empty)
    return f"organize.split is '{organize.split}', but the archive has no {folders} folder:"
