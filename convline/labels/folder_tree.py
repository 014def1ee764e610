"""Read classes and splits from a tree of folders, such as `train/cat/1.jpg` or `cat/images/1.jpg`.

The class is the name of the folder that holds the images, once split folders are taken out and
last folders that are the same everywhere, such as `images`, are skipped.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable

from convline.labels.class_names import look_alike
from convline.labels.folder_doubts import (
    check_split_folders,
    mention_doubts,
    refuse_masks,
    refuse_misleading_names,
    several_readings,
)
from convline.labels.label_set import LabelSet
from convline.labels.readings import describe_readings
from convline.labels.split_tree import IN_SPLIT, NO_FOLDER, OTHER_DEPTH, Folder, Leaf, Tree
from convline.params.schema import Organize
from convline.runtime.errors import UserError

LONE_FOLDER = "in the only class folder of its split, which no other split has"


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
    forms: dict[Folder, set[str]] = defaultdict(set)
    for name in names:
        folder = name.rpartition("/")[0]
        parts = tuple(unicodedata.normalize("NFC", folder).split("/")) if folder else ()
        by_folder[parts].append(name)
        forms[parts].add(folder)
    tree = Tree(by_folder, organize.split_folder_names)
    result = LabelSet(notes=tree.notes)
    result.notes += [
        f"'{'/'.join(folder)}' is written in two Unicode forms, which are read as one"
        for folder, found in sorted(forms.items())
        if len(found) > 1
    ]
    leaves = [tree.leaf(folder) for folder in sorted(by_folder)]
    _skip_common_last_folder(leaves, result.notes)
    _leave_out_lone_folders(leaves)
    _leave_out_other_depths(leaves)
    if several := several_readings(leaves):
        readings = _describe(leaves, organize) if explain else ""
        raise UserError(
            f"{several}; choose one reading in params.yaml, or name the folders that are splits "
            f"(organize.split_folders):\n{readings}"
        )
    refuse_misleading_names(leaves)
    refuse_masks((name for leaf in leaves for name in leaf.names if not leaf.why), organize)
    mention_doubts(leaves, result.notes)
    check_split_folders(tree, organize, result.notes)
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
    labelled = [leaf for leaf in leaves if not leaf.why and leaf.split and not leaf.directly]
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
            leaf.why = IN_SPLIT if leaf.directly else OTHER_DEPTH


def _describe(leaves: list[Leaf], organize: Organize) -> str:
    doubtful = [leaf for leaf in leaves if not leaf.why or leaf.why == OTHER_DEPTH]
    names = [name for leaf in doubtful for name in leaf.names]
    folders = [leaf.inner for leaf in doubtful]
    return describe_readings(names, folders, lambda x: read_folders(x, organize, explain=False))
