"""Fill a submission's columns with classes, indices or probabilities, as in its sample."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from convline.evaluation.positive_class import positive_label
from convline.runtime.errors import UserError
from convline.submitting.sample_submission import some

Values = Literal["probability", "class", "index"]
VALUES = get_args(Values)


@dataclass(frozen=True)
class Form:
    """The form of a submission: how probabilities become columns.

    Attributes:
        content: kind of value in a cell.
        labels: label of each column in the sample's order: the class of its probability, or the
            class that counts as 1; None for a column of names or indices.
        classes: class names in the order of their labels.
        why: how the kind of value was determined.
    """

    content: Values
    labels: Mapping[str, int | None]
    classes: list[str]
    why: str

    def fill(self, probabilities: np.ndarray, clip: float) -> dict[str, list[str]]:
        """Return the cells of each column.

        Args:
            probabilities: float (rows, classes).
            clip: limit probabilities to [clip, 1 - clip]; several columns are normalized again to
                a sum of 1 per row.
        """
        p = probabilities.astype(np.float64)
        if self.content == "probability":
            columns = p[:, [label for label in self.labels.values() if label is not None]]
            if clip:
                columns = columns.clip(clip, 1 - clip)
                if len(self.labels) > 1:
                    columns /= columns.sum(axis=1, keepdims=True)
            # All digits of float32: with fewer, small probabilities would tie.
            cells = [[f"{x:.8g}" for x in column] for column in columns.T]
            return dict(zip(self.labels, cells, strict=True))
        ((column, one),) = self.labels.items()
        predicted = p.argmax(axis=1)
        if self.content == "class":
            return {column: [self.classes[label] for label in predicted]}
        index = predicted if one is None else (predicted == one).astype(int)
        return {column: [str(label) for label in index]}

    def describe(self) -> str:
        """Return a short description, as `label: the probability of 'dog', ...`."""
        if len(self.labels) > 1:
            return f"the probability of each class, {self.why}"
        ((column, one),) = self.labels.items()
        name = "" if one is None else f"'{self.classes[one]}'"
        if self.content == "probability":
            return f"{column}: the probability of {name}, {self.why}"
        if self.content == "class":
            return f"{column}: the predicted class by name, {self.why}"
        what = f"1 if {name} is predicted, 0 otherwise" if name else "the predicted class, from 0"
        return f"{column}: {what}, {self.why}"


def decide(
    asked: pd.DataFrame, classes: list[str], values: Values | None, positive: str | None
) -> Form:
    """Determine the form of the submission from the sample.

    Args:
        asked: columns of the sample without the ids, as text.
        classes: class names in the order of their labels.
        values: kind of value in a cell; None infers it from the sample.
        positive: class of a column of probabilities, or the one of two classes that counts as 1;
            None takes the second of two.

    Raises:
        UserError: the columns are not the classes, the kind of value is ambiguous, or `positive`
            is not a class.
    """
    if positive and positive not in classes:
        why = f"'{positive}' is not a class; the classes are {some(classes)}"
        raise UserError(f"--positive or evaluate.positive_class: {why}")
    if asked.shape[1] > 1:
        if values not in {None, "probability"}:
            raise UserError(f"--values {values} needs one column, the sample has {asked.shape[1]}")
        labels = _labels_of(list(asked), classes)
        return Form("probability", labels, classes, "in the column of its name")
    (column,) = asked
    why = "as set by --values"
    if values is None:
        values, why = _infer_values(asked[column], classes)
    one = None
    if values != "class" and (len(classes) == 2 or values == "probability"):
        if len(classes) > 2 and not positive:
            raise UserError(
                f"{column} holds the probability of one class; pass it with --positive CLASS"
            )
        one = positive_label(classes, positive or None)
    return Form(values, {column: one}, classes, why)


def check_options(form: Form, clip: float, positive: str | None) -> None:
    """Refuse an impossible limit and options without effect.

    Args:
        form: form of the submission.
        clip: value of --clip.
        positive: value of --positive; None if not given.

    Raises:
        UserError: an option is impossible or has no effect.
    """
    if clip and form.content != "probability":
        raise UserError(f"--clip needs probabilities; the submission has {form.describe()}")
    most = 1 / max(2, len(form.labels))
    if not 0 <= clip < most:
        raise UserError(f"--clip must be at least 0 and less than {most:g}, got {clip:g}")
    if positive and (len(form.labels) > 1 or None in form.labels.values()):
        raise UserError(f"--positive has no effect; the submission has {form.describe()}")


def _labels_of(columns: list[str], classes: list[str]) -> dict[str, int]:
    """Match columns and classes by name, ignoring case, blanks and punctuation if necessary."""
    for name_of in (str.strip, _letters):
        names = [name_of(name) for name in classes]
        if sorted(names) == sorted(map(name_of, columns)) and len(set(names)) == len(names):
            return {column: names.index(name_of(column)) for column in columns}
    known = set(map(_letters, classes))
    given = set(map(_letters, columns))
    parts = [
        ("columns that are not classes", [x for x in columns if _letters(x) not in known]),
        ("classes without a column", [x for x in classes if _letters(x) not in given]),
    ]
    wrong = "; ".join(f"{what}: {some(names)}" for what, names in parts if names)
    how = "Rename classes with organize.classes, or pass another sample with --sample"
    raise UserError(f"the sample's columns are not the classes ({wrong}). {how}")


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _infer_values(column: pd.Series, classes: list[str]) -> tuple[Values, str]:
    """Infer the kind of value from the values of the sample."""
    given = set(column.str.strip())
    if given <= set(classes):
        return "class", "as in the sample"
    numbers = [_number(text) for text in given]
    n = len(classes)
    if all(x.is_integer() and 0 <= x < n for x in numbers):
        also = "add --values probability if probabilities are scored"
        return "index", f"because the sample has whole numbers; {also}"
    if n == 2 and all(0 <= x <= 1 for x in numbers):
        return "probability", "because the sample has fractions"
    examples = some(sorted(given))
    why = f"{column.name} has {examples} in the sample, and the classes are {some(classes)}"
    raise UserError(f"{why}: choose the kind of value with --values {', '.join(VALUES)}")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
