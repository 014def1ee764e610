"""The sections of params.yaml that are about images: download, organize, preprocess."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from convline.params.schema_base import Fraction, ImageSize, Impossible, PositiveInt, Section

DATA = Path("data")

# What download.name looks like, and in words; the other kinds take none.
NAME_FORMS = {
    "kaggle_competition": (r"[\w-]+", "the last part of the competition's address"),
    "kaggle_dataset": (r"[\w-]+/[\w.-]+(/[1-9]\d*)?", "'owner/name', or 'owner/name/version'"),
    "keras": (
        "fashion_mnist|cifar10|cifar100|mnist",
        "'fashion_mnist', 'cifar10', 'cifar100' or 'mnist'",
    ),
}


class Download(Section):
    """The source of the images."""

    kind: Literal["archive", "digits", "kaggle_competition", "kaggle_dataset", "keras"]
    name: str | None
    path: str | None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        problems = [*self._wrong_path(), *self._wrong_name()]
        if problems:
            raise Impossible(*problems)
        return self

    def _wrong_path(self) -> Iterator[tuple[str, str]]:
        if self.kind != "archive" and self.path is not None:
            yield "path", f"must be empty when download.kind is {self.kind}"
        elif self.kind == "archive" and not self.path:
            yield (
                "path",
                "must name a zip, a tar or a folder of images when download.kind is archive",
            )
        elif self.path and _touch(Path(self.path).expanduser().resolve(), DATA.resolve()):
            yield "path", "must not be in data/, where DVC removes what it finds, nor hold it"

    def _wrong_name(self) -> Iterator[tuple[str, str]]:
        form, example = NAME_FORMS.get(self.kind, (None, None))
        if form is None and self.name is not None:
            yield "name", f"must be empty when download.kind is {self.kind}"
        elif form is not None and not re.fullmatch(form, self.name or ""):
            got = f", got {self.name!r}" if self.name else ""
            yield "name", f"must be {example} when download.kind is {self.kind}{got}"


class Fractions(Section):
    """Shares of the images in each split."""

    train: Fraction
    validation: Fraction
    test: Fraction

    @model_validator(mode="after")
    def _possible(self) -> Self:
        total = self.train + self.validation + self.test
        if not math.isclose(total, 1, abs_tol=1e-9):
            raise Impossible(("", f"must add up to 1, got {total:g}"))
        return self


class Csv(Section):
    """A table of labels inside the archive."""

    file: str
    folder: str | None
    image: str
    label: str


class Organize(Section):
    """Labels and splits."""

    labels: Literal["folder", "filename", "csv"]
    filename_pattern: str
    csv: Csv
    classes: dict[str, str] | None
    split: Literal["fractions", "folders", "test_folder"]
    fractions: Fractions
    folds: Annotated[int, Field(ge=2)] | None
    fold: PositiveInt
    group: str | None
    duplicates: Literal["refuse", "together"]
    limit: PositiveInt | None
    max_bad_images: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        problems = [
            *_wrong_pattern("filename_pattern", self.filename_pattern, r"'^(cat|dog)\.'"),
            *_wrong_pattern("group", self.group, r"'person(\d+)_'"),
            *self._wrong_folds(),
        ]
        if self.classes is not None and len(set(self.classes.values())) < 2:
            problems.append(("classes", "must keep two classes or more"))
        if problems:
            raise Impossible(*problems)
        return self

    def _wrong_folds(self) -> Iterator[tuple[str, str]]:
        if self.folds and self.split == "folders":
            yield "folds", "must be empty when split is 'folders', which has its own validation"
        last = self.folds or 1
        if self.fold > last:
            when = f"when folds is {self.folds or 'empty'}"
            yield "fold", f"must be at most {last} {when}, got {self.fold}"


class Preprocess(Section):
    """What every image becomes."""

    image_size: ImageSize
    color_mode: Literal["grayscale", "rgb"]
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"]
    encoding: Literal["raw", "png", "jpeg"]
    jpeg_quality: Annotated[int, Field(ge=1, le=100)]
    examples_per_shard: PositiveInt


def _touch(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _wrong_pattern(parameter: str, pattern: str | None, example: str) -> Iterator[tuple[str, str]]:
    try:
        groups = 1 if pattern is None else re.compile(pattern).groups
    except re.error as error:
        yield parameter, f"is no regular expression: {error}"
    else:
        if groups != 1:
            yield parameter, f"must have one group in brackets, as in {example}; it has {groups}"
