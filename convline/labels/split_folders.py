"""Recognize names that mean a split, such as `train`, `valid`, `test_set` or `seg_train`."""

import re
from collections.abc import Mapping

SPLIT_WORDS = {
    **dict.fromkeys(("train", "training", "trainval"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval"), "validation"),
    **dict.fromkeys(("test", "testing", "evaluation", "holdout"), "test"),
}
# Words that only mean this split if no other folder does: `dev` beside `val` may be anything.
WEAK_WORDS = {"dev", "eval", "evaluation", "testing", "holdout"}
UNLABELLED_WORDS = {
    *("pred", "predict", "prediction", "predictions", "inference", "submission"),
    *("unlabeled", "unlabelled", "unsup", "unsorted"),
}
FILLER = {"data", "dataset", "folder", "image", "images", "img", "imgs", "photos", "set", "split"}
PART_WORDS = {"batch", "chunk", "fold", "part", "shard", "subset", "volume"}

# Underscores, blanks and so on, and `trainImages` before its capital letter.
BETWEEN_WORDS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")


def split_of_word(name: str) -> str | None:
    """Return the split that a name means as a whole, ignoring case: `Valid`, `test_set`."""
    return SPLIT_WORDS.get(re.sub(r"[\W_]?set$", "", name.strip().lower()))


def split_of_folder(name: str, mapped: Mapping[str, str]) -> str | None:
    """Return the split that a folder's name means, as a whole or in its last word.

    Args:
        name: `train`, `test1`, `seg_train` or `train_images`, for example.
        mapped: the split of each folder that `organize.split_folders` names; no other folder means
            one of these splits then.
    """
    if name in mapped:
        return mapped[name]
    last = _last_word(name)
    split = (
        split_of_word(name) or SPLIT_WORDS.get(last) or SPLIT_WORDS.get(last.removesuffix("set"))
    )
    return None if split in mapped.values() else split


def split_of_path(name: str, mapped: Mapping[str, str]) -> str | None:
    """Return the split of the outermost folder of a path whose name means one."""
    found = (split_of_folder(folder, mapped) for folder in name.split("/")[:-1])
    return next(filter(None, found), None)


def means_unlabelled(name: str) -> bool:
    """Return True for folders of images to predict, such as `pred` or `seg_pred`."""
    return _last_word(name) in UNLABELLED_WORDS


def without_split(name: str) -> tuple[str | None, str]:
    """Return the split of the first word, and the rest: train and `cat` of `train_cat`."""
    first, *rest = BETWEEN_WORDS.split(name, maxsplit=1)
    split = split_of_word(first) if rest else None
    return split, rest[0] if split else name


def means_part(name: str) -> bool:
    """Return True for parts of one data set, such as `images_001` or `part 2`; not for `c0`."""
    words = [word.lower() for word in BETWEEN_WORDS.split(name) if word.strip("0123456789")]
    return bool(words) and words[-1].rstrip("0123456789") in PART_WORDS | FILLER


def is_weak(name: str) -> bool:
    """Return True if a folder's name means a split only where no other folder does."""
    return _last_word(name) in WEAK_WORDS


def _last_word(name: str) -> str:
    """Return the last word that is neither a number nor a filler: `test` of `test_images 2`."""
    words = [word.lower().rstrip("0123456789") for word in BETWEEN_WORDS.split(name)]
    meaning = [word for word in words if word and word not in FILLER]
    return meaning[-1] if meaning else ""
