"""Choose how the images are divided: splits of the archive, groups, cross-validation."""

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from itertools import product
from typing import NamedTuple, cast

from convline.inspection.choice import Choice
from convline.inspection.group_suggestion import suggest_groups
from convline.labels.label_set import LabelSet
from convline.labels.split_folders import split_of_folder
from convline.labels.splits import Splits, assign_splits
from convline.params.schema import Organize
from convline.params.schema_data import Fractions
from convline.runtime.errors import UserError
from convline.runtime.paths import SPLITS

CROSSING = (
    "since some are in two splits of the archive, or a class would be empty in a split; "
    "organize.group_pattern and organize.split_method: fractions keep them together"
)
FEW = 1000  # images; one split of fewer gives uncertain scores
FOLDS = 5
EQUAL_SHARES = [
    Choice(
        "organize.fractions",
        {"train": 0.5, "validation": 0.25, "test": 0.25},
        "larger shares, because a class is very small",
    )
]
LEAST_TEST = 30  # images
LEAST_VALIDATION = 0.05  # of the training images


class ChosenSplits(NamedTuple):
    """How the images are divided.

    Attributes:
        choices: parameters of the section organize.
        splits: the names of the images of each split that follow from them.
        unused_groups: a line on groups that file names suggest and that cannot be kept.
    """

    choices: list[Choice]
    splits: Splits
    unused_groups: str | None


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
    settled = "organize.split_method" in given or organize.csv.split is not None
    kept = [] if settled else list(_choose_method(labels, organize))
    groups = list(_choose_groups(labels, organize, given))
    folds = list(_choose_folds(labels, kept, given))
    problem: UserError | None = None
    # Without what does not work: groups in two splits of the archive, more folds than images of a
    # class, shares of which a small class has no image.
    for with_groups, fractions, with_folds in product(
        [True, False] if groups else [False],
        [[]] if any(x.startswith("organize.fractions") for x in given) else [[], EQUAL_SHARES],
        [True, False] if folds else [False],
    ):
        chosen = [*kept, *groups * with_groups, *folds * with_folds, *fractions]
        trial = _with_choices(organize, chosen)
        try:
            moved = trial.split_folders != organize.split_folders
            facts = _with_facts(labels, trial, moved=moved)
            splits = assign_splits(facts, contents, trial, seed)
        except UserError as error:
            problem = error
            continue
        unused = groups[0] if groups and not with_groups else None
        return ChosenSplits(chosen, splits, unused and f"{unused.reason}: not used, {CROSSING}")
    raise cast("UserError", problem)


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
        reason = f"{found.several:,} groups of images by file name, such as '{found.example}'"
        yield Choice("organize.group_pattern", found.pattern, reason)


def _choose_folds(labels: LabelSet, kept: list[Choice], given: Set[str]) -> Iterator[Choice]:
    method = next((x.value for x in kept if x.param == "organize.split_method"), None)
    if "organize.folds" not in given and len(labels.classes) < FEW and method != "folders":
        numbers = ",".join(str(fold) for fold in range(1, FOLDS + 1))
        why = f"fewer than {FEW:,} images; repeat the run with -S organize.fold={numbers}"
        yield Choice("organize.folds", FOLDS, why)


def _with_choices(organize: Organize, choices: list[Choice]) -> Organize:
    values = {choice.param.removeprefix("organize."): choice.value for choice in choices}
    if "fractions" in values:
        values["fractions"] = Fractions.model_validate(values["fractions"])
    return organize.model_copy(update=values)


def _with_facts(labels: LabelSet, organize: Organize, *, moved: bool) -> LabelSet:
    """Return the labels with the groups and splits that these params would read.

    Args:
        labels: as read so far.
        organize: the section `organize`.
        moved: True if the validation folder becomes test.
    """
    groups, splits = labels.groups, labels.splits
    if organize.group_pattern and (found := suggest_groups(labels.classes)):
        groups = found.groups
    if moved:
        splits = {name: split for name, split in splits.items() if split != "validation"}
        splits |= {name: "test" for name, split in labels.splits.items() if split == "validation"}
    return replace(labels, groups=groups, splits=splits)
