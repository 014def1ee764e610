"""Refuse or mention trees of folders whose reading is doubtful."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from convline.labels.class_names import look_alike
from convline.labels.readings import (
    ANNOTATIONS,
    count_by_pattern,
    pattern_of_level,
    show_counts,
)
from convline.labels.split_folders import is_weak, means_part, split_of_word, without_split
from convline.labels.split_tree import OTHER_DEPTH, Leaf, Tree
from convline.params.schema import Organize
from convline.runtime.errors import UserError

MAX_EXAMPLES = 3
COMMON = {"testing", "Testing", "TESTING"}  # beside `training`, though weak beside `test`
MASK = re.compile(
    r"[ _-]?(masks?|seg|segmentation|gt|ground[_ -]?truth)([ _-]?\d+)?$", re.IGNORECASE
)
MASKS_FROM = 0.2  # share of the images of a folder from which on they are no accident


def several_readings(leaves: Sequence[Leaf]) -> str | None:
    """Return the reason why the tree can be read in several ways; None if it cannot."""
    labelled = [leaf for leaf in leaves if not leaf.why]
    by_name: dict[str, list[Leaf]] = defaultdict(list)
    for leaf in labelled:
        by_name[look_alike(leaf.inner[-1])].append(leaf)
    for same in by_name.values():
        if len({leaf.inner[:-1] for leaf in same}) > 1:
            return f"folders of the same name are in several folders ({_some(same)})"
    classes = {leaf.inner for leaf in labelled}
    below = [x for x in labelled if any(x.inner[:end] in classes for end in range(1, len(x.inner)))]
    if below:
        return f"images are in class folders and in folders below them ({_some(below)})"
    if _numbered(leaves):
        return f"folders that differ only in numbers are in several folders ({_some(labelled)})"
    return None


def refuse_misleading_names(leaves: Sequence[Leaf]) -> None:
    """Refuse classes that are named like parts of a set, splits of a class, or masks of another.

    Raises:
        UserError: the message names the params that read the classes elsewhere.
    """
    classes = sorted({leaf.inner[-1] for leaf in leaves if not leaf.why})
    _refuse_parts(classes)
    _refuse_splits_in_names(classes)
    for name in classes:
        base = MASK.sub("", name)
        if base != name and base in classes:
            raise UserError(
                f"the folder '{name}' is named like masks of '{base}', not like a class; "
                f"organize.exclude: ['*/{name}/*'] leaves it out, and organize.labels_from: path "
                f"with organize.label_pattern: {pattern_of_level(0)} makes it a class"
            )


def refuse_masks(names: Iterable[str], organize: Organize) -> None:
    """Refuse masks beside their images, as `1.png` and `1_mask.png`, unless files were selected.

    Raises:
        UserError: the message names `organize.exclude`.
    """
    if organize.include or organize.exclude:
        return
    stems = {name.rpartition(".")[0]: name for name in names}
    masks = [stem for stem in stems if (base := MASK.sub("", stem)) != stem and base in stems]
    if len(masks) > MASKS_FROM * len(stems):
        mask, base = min(masks), MASK.sub("", min(masks))
        word = mask[len(base) :].rstrip("0123456789_- ")
        raise UserError(
            f"{len(masks):,} of {len(stems):,} images are named like masks of others, such as "
            f"'{stems[mask]}' beside '{stems[base]}'; organize.exclude: ['*{word}*'] leaves them "
            "out, and organize.include: ['*'] keeps all"
        )


def mention_doubts(leaves: Sequence[Leaf], notes: list[str]) -> None:
    """Note classes that may be masks, and folders above the classes that could be the classes."""
    labelled = [leaf for leaf in leaves if not leaf.why]
    notes.extend(
        f"'{name}' is read as a class; organize.exclude: ['*/{name}/*'] leaves it out"
        for name in sorted({leaf.inner[-1] for leaf in labelled})
        if name.lower() in ANNOTATIONS - {"mask"}
    )
    if len({leaf.inner[:-1] for leaf in labelled}) > 1:
        pattern = pattern_of_level(1)
        classes = count_by_pattern([x for leaf in labelled for x in leaf.names], pattern)
        notes.append(
            f"classes are the last folders; the folders above are {show_counts(classes)}: "
            f"organize.labels_from: path and organize.label_pattern: {pattern} choose them"
        )


def check_split_folders(tree: Tree, organize: Organize, notes: list[str]) -> None:
    """Note split folders whose names had to be interpreted; refuse two that may differ.

    Raises:
        UserError: two folders may mean the same split, which `organize.split_method` keeps.
    """
    names = defaultdict(set)
    for folder, split in tree.split_folders.items():
        names[split].add(folder[-1])
    for split, found in names.items():
        if split in organize.split_folder_names.values():
            continue
        listed = " and ".join(f"'{name}'" for name in sorted(found))
        if len({name.lower() for name in found}) > 1 and any(map(is_weak, found)):
            weak = min(filter(is_weak, found))
            both = ", ".join(sorted(found))
            doubt = (
                f"{listed} may both mean {split}: organize.split_folders: {{{split}: [{both}]}} "
                f"takes both, and organize.exclude: ['*/{weak}/*'] leaves one out"
            )
            if organize.split_method != "fractions":
                raise UserError(doubt)
            notes.append(doubt)
        elif len(found) > 1 or any(split_of_word(x) is None or is_weak(x) for x in found - COMMON):
            notes.append(f"{split} is {listed}, by name; organize.split_folders chooses others")


def _numbered(leaves: Sequence[Leaf]) -> bool:
    """Return True if class folders like `patient1` and `patient2` are in several folders.

    It also holds if their folder, such as `dog`, is beside a folder of images, such as `cat`.
    """
    classes = {leaf.inner for leaf in leaves if not leaf.why}
    kinds = {re.sub(r"\d+", "0", inner[-1]) for inner in classes}
    if len(kinds) != 1 or "0" not in min(kinds):
        return False
    parents = {inner[:-1] for inner in classes}
    others = [leaf for leaf in leaves if leaf.why == OTHER_DEPTH and not leaf.split]
    beside = {leaf.inner[:-1] for leaf in others if leaf.inner not in parents}
    also_beside = kinds != {"0"} and any(x and x[:-1] in beside for x in parents)
    return len(parents) > 1 or also_beside


def _refuse_parts(classes: Sequence[str]) -> None:
    """Refuse `images_part_1` and `images_part_2` as classes."""
    kinds = {re.sub(r"\d+", "", name) for name in classes}
    if len(classes) > 1 and len(kinds) == 1 and means_part(min(kinds)):
        raise UserError(
            f"folders such as '{classes[0]}' and '{classes[-1]}' are named like parts of one "
            "data set, not like classes; organize.labels_from: csv or filename reads the classes "
            f"elsewhere, and path with organize.label_pattern: {pattern_of_level(0)} takes them"
        )


def _refuse_splits_in_names(classes: Sequence[str]) -> None:
    """Refuse `train_cat` and `test_cat` as two classes."""
    named: dict[str, list[str]] = defaultdict(list)
    for name in classes:
        named[without_split(name)[1]].append(name)
    for label, same in named.items():
        if len(same) > 1:
            raise UserError(
                f"the folders '{same[0]}' and '{same[1]}' are named like splits of one class, "
                f"'{label}'; move them to train/{label}, test/{label} and so on, or set "
                f"organize.labels_from: path and organize.label_pattern: "
                f"[^/]*({'|'.join(map(re.escape, sorted(named)))})/[^/]+$"
            )


def _some(leaves: Iterable[Leaf]) -> str:
    folders = sorted({leaf.names[0].rpartition("/")[0] for leaf in leaves})
    shown = [f"'{folder}'" for folder in folders[:MAX_EXAMPLES]]
    return ", ".join(shown) + ", ..." * (len(folders) > MAX_EXAMPLES)
