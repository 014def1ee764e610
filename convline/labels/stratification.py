"""Split groups of images into stratified parts without dividing a group."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

Units = list[list[str]]


def by_fractions(
    units: Units, labels: Mapping[str, str], fractions: Sequence[float]
) -> list[list[str]]:
    """Split units into parts with these fractions of each class.

    For units of one image, each part is exact within one image, since each class is cut at the
    rounded cumulative fractions; scikit-learn's `train_test_split`, called twice, rounds twice and
    can be off by two.
    """
    cuts = np.cumsum([0, *fractions[:-1]]) / sum(fractions)
    images = _count(units, labels)
    share = {label: np.diff(np.round(cuts * n), append=n) for label, n in images.items()}
    return _place(units, labels, share, len(fractions))


def by_folds(units: Units, labels: Mapping[str, str], folds: int) -> list[list[str]]:
    """Split units into folds of equal size, per class and in total.

    For units of one image, sizes differ by at most one image. All classes are dealt out one after
    another like one pack of cards, as in scikit-learn's `StratifiedKFold`, which ignores groups.
    Equal fractions per class would put 100 classes of 4 images into folds of 100, 200 and 100.
    `StratifiedGroupKFold` is not more even, and takes 5 s for 20,000 images instead of 0.2 s.
    """
    share = {}
    dealt = 0
    for label, n in sorted(_count(units, labels).items()):
        share[label] = np.bincount(np.arange(dealt, dealt + n) % folds, minlength=folds)
        dealt += n
    return _place(units, labels, share, folds)


def _count(units: Units, labels: Mapping[str, str]) -> Counter[str]:
    return Counter(labels[name] for unit in units for name in unit)


def _place(
    units: Units, labels: Mapping[str, str], share: Mapping[str, np.ndarray], n_parts: int
) -> list[list[str]]:
    """Fill the parts up to their `share` of each class, one count per part.

    Units of several images come first, the largest first, each to the part with most room for it.
    """
    parts: list[list[str]] = [[] for _ in range(n_parts)]
    free = {label: counts.copy() for label, counts in share.items()}
    for unit in sorted(units, key=len, reverse=True):  # Stable: single ones keep their order.
        if len(unit) == 1:
            room = free[labels[unit[0]]]
            chosen = int((room > 0).argmax())
            room[chosen] -= 1
        else:
            chosen = _fill_largest_gap(Counter(labels[name] for name in unit), free, share)
        parts[chosen].extend(unit)
    return parts


def _fill_largest_gap(
    classes: Mapping[str, int], free: Mapping[str, np.ndarray], share: Mapping[str, np.ndarray]
) -> int:
    """Return the part with most room for a unit with these classes, and take the room."""
    room = np.sum([np.minimum(free[label], n) for label, n in classes.items()], axis=0)
    # Among equal ones, the part that lacks most of its share; otherwise train would get all large
    # units.
    lack = np.sum([free[label] / np.maximum(share[label], 1) for label in classes], axis=0)
    chosen = max(range(len(room)), key=lambda i: (room[i], lack[i]))
    for label, n in classes.items():
        free[label][chosen] -= n
    return chosen
