"""The sections `download`, `organize` and `preprocess` of params.yaml."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from convline.params.schema_base import (
    Fraction,
    ImageSize,
    NumberOrShare,
    OneOrMore,
    PositiveInt,
    Problems,
    Section,
)
from convline.runtime import paths

# By download.kind: the form of download.name as a pattern and in words; other kinds take no name.
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
    max_unpacked_gb: PositiveInt
    max_unpacked_ratio: PositiveInt

    def _problems(self) -> Problems:
        yield from self._wrong_path()
        yield from self._wrong_name()

    def _wrong_path(self) -> Problems:
        if self.kind != "archive" and self.path is not None:
            yield "path", f"must be empty when kind is '{self.kind}', got {self.path!r}"
        elif self.kind == "archive" and not self.path:
            yield "path", "must name a zip, a tar or a folder of images when kind is 'archive'"
        elif self.path:
            yield from self._wrong_place(self.path)

    def _wrong_place(self, path: str) -> Problems:
        try:
            resolved = paths.expand_home(path).resolve()
            resolved.exists()
        except (
            OSError,
            RuntimeError,
            ValueError,
        ) as error:  # a loop of links, 5,000 letters, a NUL
            reason = getattr(error, "strerror", None) or error
            yield "path", f"not a valid path: {reason}, got {path[:100]!r}"
            return
        if _overlap(resolved, paths.DATA.resolve()):
            reason = "must be outside data/, where DVC removes files, and must not contain it"
            yield "path", f"{reason}, got {path!r}"

    def _wrong_name(self) -> Problems:
        form, example = NAME_FORMS.get(self.kind, (None, None))
        got = f", got {self.name!r}" if self.name else ""
        if form is None and self.name is not None:
            yield "name", f"must be empty when kind is '{self.kind}'{got}"
        elif form is not None and not re.fullmatch(form, self.name or ""):
            yield "name", f"must be {example} when kind is '{self.kind}'{got}"


class Fractions(Section):
    """Share of the images in each split."""

    train: Fraction
    validation: Fraction
    test: Fraction

    def _problems(self) -> Problems:
        total = self.train + self.validation + self.test
        if not math.isclose(total, 1, abs_tol=1e-9):
            yield "", f"must add up to 1, got {total:g}"


def _check_column(value: object) -> object:
    number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if not number and not (isinstance(value, str) and value):
        raise PydanticCustomError("column", "must be the name of a column, or its number from 0")
    return value


def _check_columns(value: object) -> object:
    if not isinstance(value, list):
        return _check_column(value)
    if len(value) < 2 or not all(isinstance(name, str) and name for name in value):
        raise PydanticCustomError("column", "must be one column, or a list of two names or more")
    return value


Column = Annotated[str | int, PlainValidator(_check_column)]
Columns = Annotated[str | int | list[str], PlainValidator(_check_columns)]


class Csv(Section):
    """A table of labels inside the archive."""

    file: str
    encoding: str | None
    folder: str | None
    image: Column
    label: Columns
    group: Column | None
    split: Column | None

    def _problems(self) -> Problems:
        yield from _wrong_encoding("encoding", self.encoding)
        given = [self.image, self.label, self.group, self.split]
        columns = [column for column in given if column is not None]
        if len({isinstance(column, int) for column in columns}) > 1:
            reason = "must all be numbers (of a table without a header) or all be names"
            yield "image, label, group, split", f"{reason}, got {columns}"


class Organize(Section):
    """Labels and splits."""

    include: OneOrMore[str] | None
    exclude: OneOrMore[str] | None
    labels_from: Literal["folder", "filename", "path", "csv"]
    label_pattern: str
    csv: Csv
    classes: dict[str, str] | None
    split_folders: dict[Literal["train", "validation", "test"], OneOrMore[str]] | None
    split_method: Literal["fractions", "folders", "test_folder"]
    fractions: Fractions
    folds: Annotated[int, Field(ge=2, le=1000)] | None
    fold: PositiveInt
    group_pattern: str | None
    duplicates: Literal["error", "together"]
    near_duplicates: Literal["together", "report", "off"]
    limit: PositiveInt | None
    metadata_encoding: str | None
    max_bad_images: NumberOrShare

    @property
    def split_folder_names(self) -> dict[str, str]:
        """Return the split of each folder that `split_folders` names."""
        return dict(self._split_folders())

    def _split_folders(self) -> Iterator[tuple[str, str]]:
        for split, folders in (self.split_folders or {}).items():
            for folder in [folders] if isinstance(folders, str) else folders:
                yield folder, split

    def _problems(self) -> Problems:
        yield from _wrong_pattern("label_pattern", self.label_pattern, r"'^(cat|dog)\.'")
        yield from _wrong_pattern("group_pattern", self.group_pattern, r"'person(\d+)_'")
        yield from _wrong_encoding("metadata_encoding", self.metadata_encoding)
        yield from self._wrong_split_folders()
        yield from self._wrong_folds()
        yield from self._wrong_classes()
        yield from self._wrong_columns()

    def _wrong_split_folders(self) -> Problems:
        named = [folder for folder, _ in self._split_folders()]
        for folder in sorted({folder for folder in named if named.count(folder) > 1}):
            yield "split_folders", f"must name each folder once, got {folder!r} twice"

    def _wrong_folds(self) -> Problems:
        if self.folds and self.split_method == "folders":
            reason = "must be empty when split_method is 'folders', which has its own validation"
            yield "folds", f"{reason}, got {self.folds}"
        last = self.folds or 1
        if self.fold > last:
            when = f"when folds is {self.folds or 'empty'}"
            yield "fold", f"must be at most {last} {when}, got {self.fold}"

    def _wrong_classes(self) -> Problems:
        if self.classes is not None and len(kept := set(self.classes.values())) < 2:
            yield "classes", f"must keep at least two classes, got {len(kept)}"

    def _wrong_columns(self) -> Problems:
        if self.csv.group is not None and self.group_pattern is not None:
            reason = "must be empty when csv.group is set"
            yield "group_pattern", f"{reason}, got {self.group_pattern!r}"
        if self.csv.split is not None and self.split_method == "fractions":
            reason = "must be folders or test_folder when csv.split is set"
            yield "split_method", f"{reason}, got {self.split_method!r}"


class Preprocess(Section):
    """Size and encoding of the images in the TFRecords."""

    image_size: ImageSize
    color_mode: Literal["grayscale", "rgb"]
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"]
    aspect_ratio: Literal["stretch", "crop", "pad"]
    encoding: Literal["raw", "png", "jpeg"]
    bit_depth: Annotated[int, Field(ge=8, le=16)]
    jpeg_quality: Annotated[int, Field(ge=1, le=100)]
    examples_per_shard: PositiveInt


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _wrong_encoding(parameter: str, name: str | None) -> Problems:
    try:
        "".encode(name or "utf-8")
    except (LookupError, ValueError):
        reason = "must be a text encoding such as cp1252, utf-16 or shift_jis"
        yield parameter, f"{reason}, got {name!r}"


def _wrong_pattern(parameter: str, pattern: str | None, example: str) -> Problems:
    try:
        groups = 1 if pattern is None else re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        yield parameter, f"not a regular expression: {error}, got {pattern!r}"
    else:
        if groups != 1:
            yield parameter, f"must have one group in parentheses, as in {example}, got {groups}"
