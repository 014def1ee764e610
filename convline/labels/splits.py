"""Divide labelled images into train, validation and test, without dividing a group."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import numpy as np
from scipy.cluster.hierarchy import DisjointSet

from convline.labels.label_set import LabelSet
from convline.labels.stratification import Units, by_folds, by_fractions
from convline.params.schema import Organize
from convline.runtime.errors import UserError
from convline.runtime.paths import SPLITS

Splits = dict[str, list[str]]


def assign_splits(
    labels: LabelSet,
    contents: Mapping[str, bytes],
    organize: Organize,
    seed: int,
    ties: Iterable[tuple[str, str]] = (),
) -> Splits:
    """Return the names of the images of each split.

    Args:
        labels: classes, splits and groups of images; the order does not matter.
        contents: a digest of each image's bytes by its name.
        organize: how to split; `limit` keeps the first n images after the shuffle, of any class.
        seed: of the shuffle.
        ties: pairs of near duplicates, which are kept in one split, but do not leave the split of
            the archive that is kept, so that scores stay comparable with published ones.

    Raises:
        UserError: there are fewer than two classes, a class has no image in some split or fold, or
            images that belong together are in two splits of the archive that are kept.
    """
    classes, split_of = labels.classes, labels.splits.get
    names = np.random.default_rng(seed).permutation(sorted(classes)).tolist()[: organize.limit]
    refuse_one_class(classes[name] for name in names)
    _refuse_idle_group(names, labels.groups, organize)
    kept = {"fractions": set[str](), "test_folder": {"test"}, "folders": set(SPLITS)}[
        organize.split_method
    ]
    side = {name: split for name, split in labels.splits.items() if split in kept}
    ties = [(one, other) for one, other in ties if side.get(one) == side.get(other)]
    units = find_units(names, contents, labels.groups, ties)
    shares = organize.fractions
    if organize.split_method == "fractions":
        fractions = [shares.train, shares.validation, shares.test]
        splits = dict(zip(SPLITS, by_fractions(units, classes, fractions), strict=True))
    elif organize.split_method == "test_folder":
        units = _kept_apart(units, labels, organize, kept)
        rest = [unit for unit in units if split_of(unit[0]) != "test"]
        train, validation = by_fractions(rest, classes, [shares.train, shares.validation])
        test = [name for unit in units if split_of(unit[0]) == "test" for name in unit]
        splits = {"train": train, "validation": validation, "test": test}
    else:
        _refuse_outside(names, labels.splits, organize)
        splits = {split: [] for split in SPLITS}
        for unit in _kept_apart(units, labels, organize, kept):
            splits[labels.splits[unit[0]]].extend(unit)
    if organize.folds:
        splits = _cut_into_folds(splits, units, classes, organize.folds)
    # Check all folds at once, so that fold 3 cannot fail after hours of training on 1 and 2.
    _refuse_duplicates(splits, contents)
    _refuse_empty(splits, classes, organize)
    return _hold_out(splits, organize.fold) if organize.folds else splits


def find_units(
    names: Sequence[str],
    contents: Mapping[str, bytes],
    groups: Mapping[str, str],
    ties: Iterable[tuple[str, str]] = (),
) -> Units:
    """Return lists of images that share a group, their bytes or a tie, directly or through others.

    The lists and the images in them keep the order of `names`.
    """
    units = DisjointSet(names)
    first_of: dict[object, str] = {}
    for name in names:
        for tie in (contents[name], groups.get(name)):
            if tie is not None and (first := first_of.setdefault(tie, name)) != name:
                units.merge(first, name)
    for one, other in ties:
        # Not the images themselves: `organize.limit` may leave one out, and use an equal one.
        ends = [first_of.get(contents[name]) for name in (one, other)]
        if None not in ends:
            units.merge(*ends)
    members = defaultdict(list)
    for name in names:
        members[units[name]].append(name)
    return list(members.values())


def _cut_into_folds(splits: Splits, units: Units, labels: Mapping[str, str], folds: int) -> Splits:
    """Divide train and validation into `fold 1`, `fold 2` and so on; test stays unchanged."""
    test = set(splits["test"])
    cut = by_folds([unit for unit in units if unit[0] not in test], labels, folds)
    named = {f"fold {number}": names for number, names in enumerate(cut, start=1)}
    return {**named, "test": splits["test"]}


def _hold_out(folds: Splits, number: int) -> Splits:
    """Use the fold of this number for validation and the others for train."""
    rest = dict(folds)
    validation, test = rest.pop(f"fold {number}"), rest.pop("test")
    return {"train": [*chain(*rest.values())], "validation": validation, "test": test}


def _kept_apart(
    units: Units,
    labels: LabelSet,
    organize: Organize,
    apart: set[str],
) -> Units:
    """Divide each unit along the archive's own split folders, where that is allowed."""
    cut: Units = []
    for unit in units:
        sides = defaultdict(list)
        for name in unit:
            split = labels.splits.get(name)
            sides[split if split in apart else None].append(name)
        if len(sides) > 1:
            _refuse_parted_group(unit, labels, organize, apart)
            if organize.duplicates == "together":
                # Into the first of train, validation, test, so that test has no training image.
                unit.sort(key=lambda name: SPLITS.index(labels.splits.get(name, "train")))
                cut.append(unit)
                continue
        cut.extend(sides.values())
    return cut


def _refuse_idle_group(names: Sequence[str], groups: Mapping[str, str], organize: Organize) -> None:
    if organize.group_pattern and not any(name in groups for name in names):
        example = names[0].rsplit("/", 1)[-1]
        raise UserError(
            f"organize.group_pattern: '{organize.group_pattern}' matches no file name, such as "
            f"'{example}'"
        )


def _refuse_outside(names: Sequence[str], split_of: Mapping[str, str], organize: Organize) -> None:
    for name in names:
        if name not in split_of:
            why = "is in no train, validation or test folder"
            if organize.csv.split is not None:
                why += f", and '{organize.csv.file}' has no split for it"
            raise UserError(f"organize.split_method is 'folders', but '{name}' {why}")


def _refuse_parted_group(
    unit: list[str], labels: LabelSet, organize: Organize, apart: set[str]
) -> None:
    first_of: dict[str, str] = {}
    for name in unit:
        group = labels.groups.get(name)
        other = first_of.setdefault(group, name) if group else name
        sides = {
            split if split in apart else None for split in map(labels.splits.get, (other, name))
        }
        if len(sides) > 1:
            why = f"'{other}' and '{name}' are of group '{group}' and in two splits of the archive"
            raise UserError(
                f"organize.split_method is '{organize.split_method}', but {why}; use 'fractions'"
            )


def _refuse_duplicates(splits: Splits, contents: Mapping[str, bytes]) -> None:
    seen: dict[bytes, tuple[str, str]] = {}
    for split, names in splits.items():
        for name in names:
            other_split, other = seen.setdefault(contents[name], (split, name))
            if other_split != split:
                why = f"'{other}' ({other_split}) and '{name}' ({split}) are the same image"
                raise UserError(
                    f"{why}; organize.duplicates: together moves the second to the first"
                )


def refuse_one_class(classes: Iterable[str], details: Iterable[str] = ()) -> None:
    """Raise an error, with details in further lines, unless there are two classes or more."""
    found = sorted(set(classes))
    if len(found) < 2:
        has = f"only '{found[0]}'" if found else "none"
        hint = "organize.labels_from reads the class from folders, file names, paths or a table"
        problem = f"a classifier needs two classes or more; the images have {has}; {hint}"
        raise UserError("\n".join([problem, *details]))


def _refuse_empty(splits: Splits, labels: Mapping[str, str], organize: Organize) -> None:
    counts = {split: Counter(labels[name] for name in names) for split, names in splits.items()}
    everything = sum(counts.values(), Counter())
    problems = [
        f"  class '{label}' ({images} image{'s' * (images > 1)}) has none in {split}"
        for label, images in sorted(everything.items())
        for split in splits
        if not counts[split][label]
    ]
    if problems:
        shown = problems[:10] + [f"  ... and {len(problems) - 10} more"] * (len(problems) > 10)
        raise UserError("\n".join([_why_empty(splits, organize), *shown]))


def _why_empty(splits: Splits, organize: Organize) -> str:
    empty = [split for split in SPLITS if split in splits and not splits[split]]
    if empty and organize.split_method != "fractions":
        folders = " and no ".join(empty)
        method = f"organize.split_method is '{organize.split_method}'"
        named = f"organize.split_folders: {{{empty[0]}: FOLDER}} names one"
        return f"{method}, but the archive has no {folders} folder; {named}:"
    parts, params = "split", "organize.fractions"
    if organize.folds:
        parts, params = "fold and in test", f"organize.folds, {params}"
    group = "organize.csv.group" if organize.csv.group else "organize.group_pattern"
    leave = "leave a class out (organize.exclude or organize.classes)"
    change = f"add images, {leave}, or change {params} or {group}"
    return f"each class needs an image in each {parts}; {change}:"
