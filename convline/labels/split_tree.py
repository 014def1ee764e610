"""Find the split folders in the tree of an archive, and describe the folders that hold images."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from convline.labels.split_folders import means_unlabelled, split_of_folder, split_of_word
from convline.runtime.errors import UserError

Folder = tuple[str, ...]

NO_FOLDER = "not in a folder"
IN_SPLIT = "directly in a split folder, not in a class folder"
OTHER_DEPTH = "in a folder at another depth than the class folders"
TO_PREDICT = "in a folder of images without a class, by its name"


@dataclass
class Leaf:
    """A folder that holds images.

    Attributes:
        names: its images.
        split: the split of the folders that contain it.
        inner: the folders of its path that are not split folders; the last is the class.
        depth: number of folders of its path, split folders included.
        directly: True if the folder itself is a split folder.
        why: the reason why its images have no class, or None.
    """

    names: list[str]
    split: str | None
    inner: Folder
    depth: int
    directly: bool
    why: str | None = None


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
        directly = folder in self.split_folders
        return Leaf(self._by_folder[folder], split, inner, len(folder), directly, why)

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
            if self._has_no_class((*parent, child)):
                return split
            return None if any(self._children.get((*parent, x)) for x in others) else split
        split_beside = any(
            self._children.get((*parent, x)) for x in siblings if self._means_no_class(x)
        )
        if split_beside or not any((*parent, x) in self._by_folder for x in others):
            return split
        self._class_or_split("/".join((*parent, child)), child, others)
        return None

    def _has_no_class(self, folder: Folder) -> bool:
        """Return True for folders whose folders all mean splits, as in `testset/testset`."""
        children = self._children.get(folder, set())
        return all(self._means_no_class(x) and self._has_no_class((*folder, x)) for x in children)

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
