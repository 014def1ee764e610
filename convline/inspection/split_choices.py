"""Choose how the images are divided: splits of the archive, groups, cross-validation."""

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from itertools import product
from typing import NamedTuple

from convline.inspection.choice import Choice
from convline.inspection.group_suggestion import suggest_groups
from convline.labels.label_set import LabelSet
from convline.labels.split_folders import split_of_folder
from convline.labels.splits import Splits, assign_splits
from convline.params.schema import Organize
from convline.runtime.errors import UserError
from convline.runtime.paths import SPLITS

FEW = 1000  # images; one split of fewer gives uncertain scores
FOLDS = 5
LEAST_TEST = 30  # images
LEAST_VALIDATION = 0.05  # of the training images


class ChosenSplits(NamedTuple):
    """The choices, and the names of the images of each split that follow from them."""

    choices: list[Choice]
    splits: Splits


def choose_splits(
    labels: LabelSet,
    contents: Mapping[str, bytes],
    organize: Organize,
    seed: int,
    given: Set[str],
) -> ChosenSplits:
    """Return choices with which `organize` divides the images without an error.

    Args:
        labels: classes, splits and groups of the images.
        contents: a digest of each image's bytes by its name.
        organize: the section `organize`, with the way to read the classes.
        seed: the param `seed`.
        given: parameters that the user set.

    Raises:
        UserError: no choice works; the message is that of the simplest.
    """
    kept = [] if "organize.split_method" in given else list(_choose_method(labels, organize))
    groups = list(_choose_groups(labels, organize, given))
    folds = list(_choose_folds(labels, kept, given))
    problem: UserError | None = None
    refused: list[Choice] = []
    # Without what does not work, for example groups that are in two splits of the archive.
    for with_folds, with_groups in product(
        *([True, False] if x else [False] for x in (folds, groups))
    ):
        chosen = [*kept, *groups * with_groups, *folds * with_folds]
        trial = organize.model_copy(
            update={choice.param.removeprefix("organize."): choice.value for choice in chosen}
        )
        try:
            splits = assign_splits(_with_groups(labels, trial), contents, trial, seed)
        except UserError as error:
            problem = error
            continue
        if groups and not with_groups:
            why = f"would keep {groups[0].reason}, but {_first_line(problem)}"
            refused = [Choice("organize.group_pattern", None, f"{groups[0].value} {why}")]
        return ChosenSplits([*chosen, *refused], splits)
    raise problem or AssertionError("unreachable")


def _choose_method(labels: LabelSet, organize: Organize) -> Iterator[Choice]:
    own = Counter(labels.splits.get(name) for name in labels.classes)
    train, validation, test = (own[split] for split in SPLITS)
    classes = {
        split: {label for name, label in labels.classes.items() if labels.splits.get(name) == split}
        for split in SPLITS
    }
    everything = set(labels.classes.values())
    held_out = test or validation
    if not held_out:
        yield Choice("organize.split_method", "fractions", "the images have no test folder")
        return
    if held_out < LEAST_TEST or classes["test" if test else "validation"] != everything:
        what = "test" if test else "validation"
        why = f"the images' own {what} split is too small ({held_out:,}), or lacks a class"
        yield Choice("organize.split_method", "fractions", why)
        return
    complete = classes["train"] == classes["validation"] == everything
    if test and validation >= LEAST_VALIDATION * train and complete and not own[None]:
        why = (
            f"the images have {train:,} for train, {validation:,} for validation, {test:,} for test"
        )
        yield Choice("organize.split_method", "folders", why)
    elif test:
        only = f"; their validation has only {validation:,} images" if validation else ""
        why = f"the images have {test:,} for test{only}"
        yield Choice("organize.split_method", "test_folder", f"{why}; the rest is divided")
    else:
        folders = sorted(set(_folders_of("validation", labels, organize)))
        why = f"the images have a validation folder ({validation:,}) and none for test"
        yield Choice("organize.split_folders", {"test": folders}, f"{why}: it becomes test")
        yield Choice("organize.split_method", "test_folder", "the rest is divided")
    why = "an image that is in two splits goes to the first of train, validation, test"
    yield Choice("organize.duplicates", "together", why)


def _folders_of(split: str, labels: LabelSet, organize: Organize) -> Iterator[str]:
    """Yield the names of the folders that mean a split."""
    mapped = organize.split_folder_names
    for name in labels.classes:
        if labels.splits.get(name) == split:
            folders = name.split("/")[:-1]
            yield next(x for x in folders if split_of_folder(x, mapped) == split)


def _choose_groups(labels: LabelSet, organize: Organize, given: Set[str]) -> Iterator[Choice]:
    if organize.csv.group is not None or "organize.group_pattern" in given:
        return
    if found := suggest_groups(labels.classes):
        reason = f"{found.several:,} groups of images, such as '{found.example}', in one split"
        yield Choice("organize.group_pattern", found.pattern, reason)


def _choose_folds(labels: LabelSet, kept: list[Choice], given: Set[str]) -> Iterator[Choice]:
    method = next((x.value for x in kept if x.param == "organize.split_method"), None)
    if "organize.folds" not in given and len(labels.classes) < FEW and method != "folders":
        numbers = ",".join(str(fold) for fold in range(1, FOLDS + 1))
        why = f"fewer than {FEW:,} images: dvc exp run --queue -S organize.fold={numbers} repeats"
        yield Choice("organize.folds", FOLDS, f"{why} the run with other validation images")


def _with_groups(labels: LabelSet, organize: Organize) -> LabelSet:
    if organize.group_pattern is None:
        return labels
    found = suggest_groups(labels.classes)
    return replace(labels, groups=found.groups if found else labels.groups)


def _first_line(error: UserError | None) -> str:
    return str(error).partition("\n")[0]
