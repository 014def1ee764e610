"""The positive class of two classes: the one that precision, recall and thresholds refer to."""

import re

from convline.runtime.errors import UserError

# Names of the class in which nothing is found: healthy lungs, flawless parts, cells without a
# parasite. By alphabet, it is often the second class (`COVID`, `Normal`; `defect`, `ok`).
NEGATIVE = re.compile(
    r"(normal|ok|healthy|negative|good|uninfected|benign|background|none|(no|non|not)[_ -].*)",
    re.IGNORECASE,
)


def positive_label(classes: list[str], chosen: str | None) -> int:
    """Return the label of the positive class, by default the second class.

    Args:
        classes: names in the order of their labels.
        chosen: the name given by the user, for example `evaluate.positive_class`; None if empty.

    Raises:
        UserError: `chosen` is not a class.
    """
    if chosen is None:
        return 1
    if chosen not in classes:
        raise UserError(f"the positive class must be one of {classes}, got '{chosen}'")
    return classes.index(chosen)


def positive_name(classes: list[str], chosen: str | None) -> str | None:
    """Return the name of the positive class; None unless there are two classes.

    Raises:
        UserError: `chosen` is not a class.
    """
    return classes[positive_label(classes, chosen)] if len(classes) == 2 else None


def describe_positive(classes: list[str], chosen: str | None) -> list[str]:
    """Return the lines to print: the positive class, how to change it, and a warning if any.

    There are none unless there are two classes.

    Raises:
        UserError: `chosen` is not a class.
    """
    positive = positive_name(classes, chosen)
    if positive is None:
        return []
    if chosen is not None:
        return [f"positive class: {positive}, as set by evaluate.positive_class"]
    change = f"evaluate.positive_class: '{classes[0]}' changes it"
    warning = warn_of_positive(classes, chosen)
    return [f"positive class: {positive}, the second by name; {change}", *filter(None, [warning])]


def warn_of_positive(classes: list[str], chosen: str | None) -> str | None:
    """Return a warning if the name of the positive class suggests that it is the negative one.

    There is none if the user chose the class, or if both names suggest it.
    """
    if len(classes) != 2 or chosen is not None:
        return None
    other, positive = classes
    if not NEGATIVE.fullmatch(positive.strip()) or NEGATIVE.fullmatch(other.strip()):
        return None
    return (
        f"warning: {positive} is the positive class, because it is the second by name, but its "
        f"name suggests the negative one; evaluate.positive_class: '{other}' changes that"
    )
