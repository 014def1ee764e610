"""Check the parameters that name a class, which is possible once the classes are known."""

from collections.abc import Sequence

from convline.params.loading import did_you_mean
from convline.params.schema import Params
from convline.runtime.errors import UserError


def check_class_names(params: Params, classes: Sequence[str]) -> None:
    """Refuse an `evaluate.positive_class` that is not one of two classes.

    Every stage that takes long calls this first, so that `evaluate` cannot fail after the training.

    Raises:
        UserError: it is not a class, or there are not two.
    """
    chosen = params.evaluate.positive_class
    if chosen is None:
        return
    if len(classes) != 2:
        why = f"there are {len(classes)} classes instead of two; leave it empty"
        raise UserError(f"evaluate.positive_class is '{chosen}', but {why}")
    if chosen not in classes:
        names = " or ".join(f"'{name}'" for name in classes)
        hint = did_you_mean(chosen, classes)
        raise UserError(f"evaluate.positive_class: must be {names}, got '{chosen}'{hint}")
