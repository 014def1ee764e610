"""Read classes and splits from a tree of folders, such as `train/cat/1.jpg` or `cat/images/1.jpg`.

The class is the name of the folder that holds the images, once split folders are taken out and
last folders that are the same everywhere, such as `images`, are skipped.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from convline.images.class_names import look_alike
from convline.images.label_set import LabelSet
from convline.images.readings import (
    count_by_pattern,
    describe_readings,
    pattern_of_level,
    show_counts,
)
from convline.images.split_folders import is_weak, means_unlabelled, split_of_folder, split_of_word
from convline.params.schema import Organize
from convline.runtime.errors import UserError

Folder = tuple[str, ...]

NO_FOLDER = "not in a folder"
IN_SPLIT = "directly in a split folder, not in a class folder"
TO_PREDICT = "in a folder of images without a class, by its name"
OTHER_DEPTH = "in a folder at another depth than the class folders"
MAX_EXAMPLES = 3


@dataclass
class Leaf:
    """A folder that holds images.

    Attributes:
        names: its images.
        split: the split of the folders that contain it.
        inner: the folders of its path that are not split folders; the last is the class.
        depth: number of folders of its path, split folders included.
        why: the reason why its images have no class, or None.
    """

    names: list[str]
    split: str | None
    inner: Folder
    depth: int
    why: str | None = None


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
    _leave_out_other_depths(leaves)
    if several := _several_readings(leaves):
        readings = _describe(leaves, organize) if explain else ""
        raise UserError(f"{several}; choose one reading in params.yaml:\n{readings}")
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


class Tree:
    """The folders of an archive, and which of them are splits.

    Attributes:
        notes: lines to print.
        split_folders: path of each split folder that contains images, and its split.
    """

    def __init__(self, by_folder: Mapping[Folder, list[str]], mapped: Mapping[str, str]) -> None:
        """Find the split folders.

        Args:
            by_folder: the images directly in each folder.
            mapped: split by name of folder, from `organize.split_folders`.
        """
        self._by_folder = by_folder
        self._mapped = mapped
        self._children: dict[Folder, set[str]] = defaultdict(set)
        for folder in by_folder:
            for depth, child in enumerate(folder):
                self._children[folder[:depth]].add(child)
        self.notes: list[str] = []
        self.split_folders = {
            (*parent, child): split
            for parent in sorted(self._children)
            for child in sorted(self._children[parent])
            if (split := self._split(parent, child))
        }

    def leaf(self, folder: Folder) -> Leaf:
        """Describe a folder that holds images."""
        parents = [folder[:depth] for depth in range(1, len(folder) + 1)]
        splits = [self.split_folders.get(parent) for parent in parents]
        split = next(filter(None, splits), None)
        inner = tuple(name for name, s in zip(folder, splits, strict=True) if not s)
        why = None
        if any(map(means_unlabelled, inner)):
            why = TO_PREDICT
        elif not inner:
            why = IN_SPLIT if split else NO_FOLDER
        return Leaf(self._by_folder[folder], split, inner, len(folder), why)

    def _split(self, parent: Folder, child: str) -> str | None:
        """Return the split of a folder, or None if it is a class folder or contains some.

        A folder named like a split is one if its siblings agree: beside class folders, `train` is a
        class (of vehicles).
        """
        split = split_of_folder(child, self._mapped)
        if not split or child in self._mapped:
            return split
        siblings = self._children[parent] - {child}
        others = [x for x in siblings if not self._means_no_class(x)]
        if self._children.get((*parent, child)):
            return None if any(self._children.get((*parent, x)) for x in others) else split
        split_beside = any(
            self._children.get((*parent, x)) for x in siblings if self._means_no_class(x)
        )
        if split_beside or not any((*parent, x) in self._by_folder for x in others):
            return split
        self._class_or_split("/".join((*parent, child)), child, others)
        return None

    def _means_no_class(self, name: str) -> bool:
        return bool(split_of_folder(name, self._mapped)) or means_unlabelled(name)

    def _class_or_split(self, path: str, name: str, others: Collection[str]) -> None:
        beside = ", ".join(f"'{x}'" for x in sorted(others)[:3])
        if split_of_word(name) or split_of_folder(name, {}) == "train":
            self.notes.append(
                f"'{path}' is read as a class, since it is beside {beside}; organize.exclude: "
                f"['{path}/*'] leaves it out"
            )
            return
        raise UserError(
            f"'{path}' may be a class or unlabelled images, beside {beside}; organize.exclude: "
            f"['{path}/*'] leaves it out, and organize.labels_from: path with "
            "organize.label_pattern: ([^/]+)/[^/]+$ makes it a class"
        )


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
    for leaf in labelled:
        below = any(leaf.inner[:end] in classes for end in range(1, len(leaf.inner)))
        if leaf.inner not in classes and look_alike(leaf.inner[-1]) not in known and not below:
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
