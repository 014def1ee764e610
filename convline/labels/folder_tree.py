"""Read classes and splits from a tree of folders, such as `train/cat/1.jpg` or `cat/images/1.jpg`.

The class is the name of the folder that holds the images, once split folders are taken out and
last folders that are the same everywhere, such as `images`, are skipped.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from convline.labels.class_names import look_alike
from convline.labels.label_set import LabelSet
from convline.labels.readings import (
    count_by_pattern,
    describe_readings,
    pattern_of_level,
    show_counts,
)
from convline.labels.split_folders import is_weak, means_part, split_of_word, without_split
from convline.labels.split_tree import IN_SPLIT, NO_FOLDER, Folder, Leaf, Tree
from convline.params.schema import Organize
from convline.runtime.errors import UserError

OTHER_DEPTH = "in a folder at another depth than the class folders"
LONE_FOLDER = "in the only folder of a split, which no other split has"
MAX_EXAMPLES = 3


def read_folders(names: Iterable[str], organize: Organize, *, explain: bool = True) -> LabelSet:
    """Return classes and splits of images, from the folders of their paths.

    Args:
        names: paths of the images.
        organize: the section `organize`.
        explain: list the readings in the error.

    Raises:
        UserError: the tree can be read in several ways; the message lists them with the parameters
            that select each.
    """
    by_folder: dict[Folder, list[str]] = defaultdict(list)
    for name in names:
        by_folder[tuple(unicodedata.normalize("NFC", name).split("/")[:-1])].append(name)
    tree = Tree(by_folder, organize.split_folder_names)
    result = LabelSet(notes=tree.notes)
    leaves = [tree.leaf(folder) for folder in sorted(by_folder)]
    _skip_common_last_folder(leaves, result.notes)
    _leave_out_lone_folders(leaves)
    _leave_out_other_depths(leaves)
    if several := _several_readings(leaves):
        readings = _describe(leaves, organize) if explain else ""
        raise UserError(
            f"{several}; choose one reading in params.yaml, or name the folders that are splits "
            f"(organize.split_folders):\n{readings}"
        )
    classes = {leaf.inner[-1] for leaf in leaves if not leaf.why}
    _refuse_parts(classes)
    _refuse_splits_in_names(classes)
    _mention_parents(leaves, result.notes)
    _check_split_folders(tree, organize, result.notes)
    for leaf in leaves:
        for name in leaf.names:
            if leaf.split:
                result.splits[name] = leaf.split
            if leaf.why:
                result.unlabelled[name] = leaf.why
            else:
                result.classes[name] = leaf.inner[-1]
    return result


def _skip_common_last_folder(leaves: list[Leaf], notes: list[str]) -> None:
    """Drop last folders that are the same everywhere, as in `COVID/images` and `Normal/images`."""
    while True:
        labelled = [leaf for leaf in leaves if not leaf.why]
        last = {leaf.inner[-1] for leaf in labelled}
        if len(last) != 1 or len({leaf.inner[:-1] for leaf in labelled} - {()}) < 2:
            return
        notes.append(f"the class is the folder above '{last.pop()}', which is the same everywhere")
        for leaf in labelled:
            leaf.inner = leaf.inner[:-1]
            if not leaf.inner:
                leaf.why = IN_SPLIT if leaf.split else NO_FOLDER


def _leave_out_lone_folders(leaves: list[Leaf]) -> None:
    """Leave out the only folder of a split if no other split has it, as in `test/unknown`."""
    labelled = [leaf for leaf in leaves if not leaf.why and leaf.split]
    folders: dict[str | None, set[Folder]] = defaultdict(set)
    for leaf in labelled:
        folders[leaf.split].add(leaf.inner)
    for leaf in labelled:
        elsewhere = any(leaf.inner in x for split, x in folders.items() if split != leaf.split)
        if len(folders) > 1 and len(folders[leaf.split]) == 1 and not elsewhere:
            leaf.why = LONE_FOLDER


def _leave_out_other_depths(leaves: list[Leaf]) -> None:
    """Leave out images that are not at the depth of most class folders.

    Folders with the name of a class, or below a class folder, stay: they are doubtful.
    """
    labelled = [leaf for leaf in leaves if not leaf.why]
    depths = Counter(leaf.depth for leaf in labelled)
    # Of equally many folders at two depths, the deeper ones.
    depth = max(depths, key=lambda depth: (depths[depth], depth), default=0)
    classes = {leaf.inner for leaf in labelled if leaf.depth == depth}
    known = {look_alike(inner[-1]) for inner in classes}
    above = {inner[:end] for inner in classes for end in range(1, len(inner))}
    # Images of one folder above the classes are strays; of several, they may be the classes.
    several_above = len({leaf.inner for leaf in labelled} & above) > 1
    for leaf in labelled:
        below = any(leaf.inner[:end] in classes for end in range(1, len(leaf.inner)))
        doubtful = below or (several_above and leaf.inner in above)
        if leaf.inner not in classes and look_alike(leaf.inner[-1]) not in known and not doubtful:
            leaf.why = OTHER_DEPTH


def _several_readings(leaves: list[Leaf]) -> str | None:
    """Return the reason why the tree can be read in several ways; None if it cannot."""
    parents = defaultdict(set)
    for leaf in leaves:
        if not leaf.why:
            parents[look_alike(leaf.inner[-1])].add(leaf.inner)
    classes = set[Folder]().union(*parents.values())
    same = [folders for folders in parents.values() if len({x[:-1] for x in folders}) > 1]
    below = [x for x in classes if any(x[:end] in classes for end in range(1, len(x)))]
    if same:
        return f"folders of the same name are in several folders ({_some(same[0])})"
    if below:
        return f"images are in class folders and in folders below them ({_some(below)})"
    if _numbered(leaves):
        return f"folders that differ only in numbers are in several folders ({_some(classes)})"
    return None


def _refuse_parts(classes: Collection[str]) -> None:
    """Refuse `images_part_1` and `images_part_2` as classes."""
    kinds = {re.sub(r"\d+", "", name) for name in classes}
    if len(classes) > 1 and len(kinds) == 1 and means_part(min(kinds)):
        raise UserError(
            f"folders such as '{min(classes)}' and '{max(classes)}' are named like parts of one "
            "data set, not like classes; organize.labels_from: csv or filename reads the classes "
            f"elsewhere, and path with organize.label_pattern: {pattern_of_level(0)} takes them"
        )


def _refuse_splits_in_names(classes: Collection[str]) -> None:
    """Refuse `train_cat` and `test_cat` as two classes."""
    named: dict[str, list[str]] = defaultdict(list)
    for name in sorted(classes):
        named[without_split(name)[1]].append(name)
    for label, same in named.items():
        if len(same) > 1:
            raise UserError(
                f"the folders '{same[0]}' and '{same[1]}' are named like splits of one class, "
                f"'{label}'; move them to train/{label}, test/{label} and so on, or set "
                f"organize.labels_from: path and organize.label_pattern: "
                f"[^/]*({'|'.join(map(re.escape, sorted(named)))})/[^/]+$"
            )


def _describe(leaves: list[Leaf], organize: Organize) -> str:
    doubtful = [leaf for leaf in leaves if not leaf.why or leaf.why == OTHER_DEPTH]
    names = [name for leaf in doubtful for name in leaf.names]
    folders = [leaf.inner for leaf in doubtful]
    return describe_readings(names, folders, lambda x: read_folders(x, organize, explain=False))


def _numbered(leaves: list[Leaf]) -> bool:
    """Return True if class folders like `patient1` and `patient2` are in several folders.

    It also holds if their folder, such as `dog`, is beside a folder of images, such as `cat`.
    """
    classes = {leaf.inner for leaf in leaves if not leaf.why}
    kinds = {re.sub(r"\d+", "0", inner[-1]) for inner in classes}
    if len(kinds) != 1 or "0" not in min(kinds):
        return False
    parents = {inner[:-1] for inner in classes}
    beside = {leaf.inner[:-1] for leaf in leaves if leaf.why == OTHER_DEPTH}
    also_beside = kinds != {"0"} and any(x and x[:-1] in beside for x in parents)
    return len(parents) > 1 or also_beside


def _mention_parents(leaves: list[Leaf], notes: list[str]) -> None:
    """Note that the folders above the class folders could be the classes."""
    labelled = [leaf for leaf in leaves if not leaf.why]
    if len({leaf.inner[:-1] for leaf in labelled}) > 1:
        pattern = pattern_of_level(1)
        classes = count_by_pattern([x for leaf in labelled for x in leaf.names], pattern)
        notes.append(
            f"classes are the last folders; the folders above are {show_counts(classes)}: "
            f"organize.labels_from: path and organize.label_pattern: {pattern} choose them"
        )


def _check_split_folders(tree: Tree, organize: Organize, notes: list[str]) -> None:
    """Note split folders whose names had to be interpreted; refuse two that may differ."""
    names = defaultdict(set)
    for folder, split in tree.split_folders.items():
        names[split].add(folder[-1])
    for split, found in names.items():
        listed = " and ".join(f"'{name}'" for name in sorted(found))
        if len({name.lower() for name in found}) > 1 and any(map(is_weak, found)):
            doubt = f"{listed} may both mean {split}; organize.split_folders: {{{split}: NAME}}"
            if organize.split_method != "fractions":
                raise UserError(f"{doubt} chooses one")
            notes.append(f"{doubt} chooses one; organize.split_method: fractions ignores both")
        elif any(split_of_word(name) is None for name in found):
            notes.append(f"{split} is {listed}, by name; organize.split_folders chooses others")


def _some(folders: Collection[Folder]) -> str:
    shown = [f"'{'/'.join(folder)}'" for folder in sorted(folders)[:MAX_EXAMPLES]]
    return ", ".join(shown) + ", ..." * (len(folders) > MAX_EXAMPLES)
