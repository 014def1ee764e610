"""The positive class of two classes: the one that precision, recall and thresholds refer to."""

from convline.runtime.errors import UserError


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
