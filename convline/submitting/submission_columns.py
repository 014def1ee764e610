"""What a submission's columns hold: a class, its index, or probabilities; told by the sample."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from convline.runtime.errors import UserError
from convline.submitting.sample_submission import some

Values = Literal["probability", "class", "index"]
VALUES = get_args(Values)


@dataclass(frozen=True)
class Form:
    """How probabilities become columns.

    Attributes:
        content: what a cell holds.
        labels: of each column, in the sample's order, the label whose probability it holds;
            of a column of classes, their one label that counts as 1, or None.
        classes: names in the order of their labels.
        why: how the values were told.
    """

    content: Values
    labels: Mapping[str, int | None]
    classes: list[str]
    why: str

    def fill(self, probabilities: np.ndarray, clip: float) -> dict[str, list[str]]:
        """The cells of each column.

        Args:
            probabilities: (rows, classes).
            clip: probabilities are at least this and at most 1 minus this; of several columns,
                each row then adds up to 1 again.
        """
        p = probabilities.astype(np.float64)
        if self.content == "probability":
            columns = p[:, [label for label in self.labels.values() if label is not None]]
            if clip:
                columns = columns.clip(clip, 1 - clip)
                if len(self.labels) > 1:
                    columns /= columns.sum(axis=1, keepdims=True)
            # As many digits as float32 has: rounded more, small ones would tie.
            cells = [[f"{x:.8g}" for x in column] for column in columns.T]
            return dict(zip(self.labels, cells, strict=True))
        ((column, one),) = self.labels.items()
        predicted = p.argmax(axis=1)
        if self.content == "class":
            return {column: [self.classes[label] for label in predicted]}
        index = predicted if one is None else (predicted == one).astype(int)
        return {column: [str(label) for label in index]}

    def describe(self) -> str:
        """In words."""
        if len(self.labels) > 1:
            return f"the probability of each class, {self.why}"
        ((column, one),) = self.labels.items()
        name = "" if one is None else f"'{self.classes[one]}'"
        if self.content == "probability":
            return f"{column}: the probability of {name}, {self.why}"
        if self.content == "class":
            return f"{column}: the predicted class by name, {self.why}"
        what = f"1 where {name} is predicted, else 0" if name else "the predicted class, from 0"
        return f"{column}: {what}, {self.why}"


def decide(
    asked: pd.DataFrame, classes: list[str], values: Values | None, positive: str | None
) -> Form:
    """Tell from the sample what to fill in.

    Args:
        asked: the sample's columns but for the ids, as text.
        classes: names in the order of their labels.
        values: what the user says that a cell holds; None: as the sample's look.
        positive: the class that a column of probabilities is of, or, of two, that counts as 1;
            None: the second of two.

    Raises:
        UserError: the columns are not the classes, the values could be anything, or `positive` is
            no class.
    """
    if positive and positive not in classes:
        why = f"'{positive}' is no class; there are {some(classes)}"
        raise UserError(f"--positive (else evaluate.positive_class): {why}")
    if asked.shape[1] > 1:
        if values not in {None, "probability"}:
            raise UserError(f"--values {values} is for one column, the sample has {asked.shape[1]}")
        labels = _labels_of(list(asked), classes)
        return Form("probability", labels, classes, "in the column that bears its name")
    (column,) = asked
    why = "as --values says"
    if values is None:
        values, why = _told_by(asked[column], classes)
    one = None
    if values != "class" and (len(classes) == 2 or values == "probability"):
        if len(classes) > 2 and not positive:
            raise UserError(f"{column} has room for the probability of one class: --positive CLASS")
        one = classes.index(positive or classes[1])
    return Form(values, {column: one}, classes, why)


def check_options(form: Form, clip: float, positive: str | None) -> None:
    """Refuse a limit that probabilities cannot keep, and options that would say nothing.

    Args:
        form: what the submission is to hold.
        clip: as --clip says.
        positive: as --positive says; None: it was not given.

    Raises:
        UserError: so it is.
    """
    if clip and form.content != "probability":
        raise UserError(f"--clip is for probabilities; here it is {form.describe()}")
    most = 1 / max(2, len(form.labels))
    if not 0 <= clip < most:
        raise UserError(f"--clip must be at least 0 and less than {most:g}, got {clip:g}")
    if positive and (len(form.labels) > 1 or None in form.labels.values()):
        raise UserError(f"--positive says nothing here; it is {form.describe()}")


def _labels_of(columns: list[str], classes: list[str]) -> dict[str, int]:
    """The class of each column, by its name; capitals, blanks and signs make no difference."""
    for name_of in (str.strip, _letters):
        names = [name_of(name) for name in classes]
        if sorted(names) == sorted(map(name_of, columns)) and len(set(names)) == len(names):
            return {column: names.index(name_of(column)) for column in columns}
    known = set(map(_letters, classes))
    given = set(map(_letters, columns))
    parts = [
        ("columns that are no class", [x for x in columns if _letters(x) not in known]),
        ("classes without a column", [x for x in classes if _letters(x) not in given]),
    ]
    wrong = "; ".join(f"{what}: {some(names)}" for what, names in parts if names)
    how = "organize.classes renames classes, --sample names another sample"
    raise UserError(f"the sample's columns are not the classes ({wrong}). {how}")


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _told_by(column: pd.Series, classes: list[str]) -> tuple[Values, str]:
    """What the sample's own values look like."""
    given = set(column)
    if given <= set(classes):
        return "class", "as in the sample"
    numbers = [_number(text) for text in given]
    n = len(classes)
    if all(x.is_integer() and 0 <= x < n for x in numbers):
        also = "--values probability where probabilities are scored"
        return "index", f"as the sample holds whole numbers; {also}"
    if n == 2 and all(0 <= x <= 1 for x in numbers):
        return "probability", "as the sample holds fractions"
    examples = some(sorted(given))
    why = f"{column.name} holds {examples} in the sample, and the classes are {some(classes)}"
    raise UserError(f"{why}: say what it shall hold with --values {', '.join(VALUES)}")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
