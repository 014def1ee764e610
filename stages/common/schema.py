"""The schema of params.yaml: what may stand there, and which combinations are possible.

It holds no defaults and coerces nothing, so it accepts or refuses and never changes a value:
what a stage computes depends on its code and on params.yaml, not on this file. That is why
dvc.yaml does not list it among the dependencies of the stages (nor `params.py`, its reader);
a new parameter of one stage then leaves the results of all others standing.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from stages.common.per_layer import per_layer

# VGG16 halves its input five times, so that 2**5 pixels are the least that leave one.
VGG16_MIN_PIXELS = 32
DATA = Path("data")

Rate = Annotated[float, Field(ge=0, lt=1)]
Fraction = Annotated[float, Field(gt=0, lt=1)]
PositiveInt = Annotated[int, Field(ge=1)]
ImageSize = Annotated[list[PositiveInt], Field(min_length=2, max_length=2)]
ONE_FOR_ALL, ONE_EACH = "one for all", "one each"
_which = Discriminator(lambda value: ONE_EACH if isinstance(value, list) else ONE_FOR_ALL)
PoolSizes = Annotated[
    Annotated[PositiveInt, Tag(ONE_FOR_ALL)] | Annotated[list[PositiveInt], Tag(ONE_EACH)], _which
]
Rates = Annotated[Annotated[Rate, Tag(ONE_FOR_ALL)] | Annotated[list[Rate], Tag(ONE_EACH)], _which]
Activation = Literal["relu", "leaky_relu", "sigmoid", "tanh", "selu", "elu", "gelu", "silu"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16", "auto"]


# What download.name looks like, and in words; the other kinds take none.
NAME_FORMS = {
    "kaggle_competition": (r"[\w-]+", "the last part of the competition's address"),
    "kaggle_dataset": (r"[\w-]+/[\w.-]+(/[1-9]\d*)?", "'owner/name', or 'owner/name/version'"),
    "keras": (
        "fashion_mnist|cifar10|cifar100|mnist",
        "'fashion_mnist', 'cifar10', 'cifar100' or 'mnist'",
    ),
}


class Impossible(ValueError):
    """Values that are valid one by one and cannot stand together: (parameter, why) pairs."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__(problems)
        self.problems = problems


class Section(BaseModel):
    """A section of params.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Runtime(Section):
    """Where to run. Not a dependency of any stage."""

    device: Literal["auto", "gpu", "cpu"]


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
    group: str | None
    duplicates: Literal["refuse", "together"]
    limit: PositiveInt | None
    max_bad_images: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        problems = [
            *_wrong_pattern("filename_pattern", self.filename_pattern, r"'^(cat|dog)\.'"),
            *_wrong_pattern("group", self.group, r"'person(\d+)_'"),
        ]
        if self.classes is not None and len(set(self.classes.values())) < 2:
            problems.append(("classes", "must keep two classes or more"))
        if problems:
            raise Impossible(*problems)
        return self


class Preprocess(Section):
    """What every image becomes."""

    image_size: ImageSize
    color_mode: Literal["grayscale", "rgb"]
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"]
    encoding: Literal["raw", "png", "jpeg"]
    jpeg_quality: Annotated[int, Field(ge=1, le=100)]
    examples_per_shard: PositiveInt


class Fitting(Section):
    """What both training stages share; the terms are those of Keras."""

    activation: Activation
    output: Literal["softmax", "sigmoid"]
    loss: Literal["categorical_crossentropy", "binary_crossentropy"]
    optimizer: Literal["sgd", "rmsprop", "adam"]
    learning_rate: Annotated[float, Field(gt=0)]
    momentum: Rate
    schedule: Literal["constant", "inverse_time"]
    decay_rate: Annotated[float, Field(ge=0)]
    epochs: PositiveInt
    batch_size: PositiveInt
    patience: PositiveInt
    precision: Precision

    @model_validator(mode="after")
    def _possible(self) -> Self:
        problems = []
        if self.output == "sigmoid" and self.loss != "binary_crossentropy":
            why = "must be 'binary_crossentropy' when output is 'sigmoid', which has one unit"
            problems.append(("loss", why))
        if self.optimizer == "adam" and self.momentum > 0:
            problems.append(("momentum", "must be 0 when optimizer is 'adam', which has none"))
        if self.schedule == "constant" and self.decay_rate > 0:
            problems.append(("decay_rate", "must be 0 when schedule is 'constant'"))
        if problems:
            raise Impossible(*problems)
        return self


class Augmentation(Section):
    """Random changes to training images, in the units of Keras's ImageDataGenerator."""

    rotation: Annotated[float, Field(ge=0, le=180)]
    width_shift: Rate
    height_shift: Rate
    shear: Annotated[float, Field(ge=0, lt=90)]
    zoom: Rate
    horizontal_flip: bool
    vertical_flip: bool


class Train(Fitting):
    """The CNN: INPUT -> [[CONV -> RELU]*N -> POOL]*M -> [FC -> RELU]*K -> FC."""

    filters: Annotated[list[PositiveInt], Field(min_length=1)]
    convs_per_block: PositiveInt
    kernel_size: PositiveInt
    padding: Literal["same", "valid"]
    pool_size: PoolSizes
    batch_normalization: bool
    conv_dropout: Rate
    dense_units: list[PositiveInt]
    dropout: Rate
    augmentation: Augmentation

    @model_validator(mode="after")
    def _one_pool_size_per_block(self) -> Self:
        if isinstance(self.pool_size, list) and len(self.pool_size) != len(self.filters):
            why = f"must be one number or {len(self.filters)}, as many as filters"
            raise Impossible(("pool_size", f"{why}, got {len(self.pool_size)}"))
        return self


class Extract(Section):
    """VGG16 bottleneck features."""

    weights: str
    image_size: ImageSize
    pooling: Literal["none", "avg", "max"]
    precision: Precision
    batch_size: PositiveInt

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if min(self.image_size) < VGG16_MIN_PIXELS:
            height, width = self.image_size
            why = f"VGG16 needs {VGG16_MIN_PIXELS} pixels or more a side, got {height}x{width}"
            raise Impossible(("image_size", why))
        return self


class TrainHead(Fitting):
    """Small classifier on frozen VGG16 features."""

    dense_units: list[PositiveInt]
    dropout: Rates

    @model_validator(mode="after")
    def _one_rate_per_layer(self) -> Self:
        if isinstance(self.dropout, list) and len(self.dropout) != len(self.dense_units):
            why = f"must be one number or {len(self.dense_units)}, as many as dense_units"
            raise Impossible(("dropout", f"{why}, got {len(self.dropout)}"))
        return self


class Evaluate(Section):
    """Both models on the test split."""

    batch_size: PositiveInt


class Params(Section):
    """The whole of params.yaml."""

    seed: Annotated[int, Field(ge=0, lt=2**32)]
    runtime: Runtime
    download: Download
    organize: Organize
    preprocess: Preprocess
    train: Train
    extract: Extract
    train_head: TrainHead
    evaluate: Evaluate

    @model_validator(mode="after")
    def _possible(self) -> Self:
        problems = [*_pooled_away(self.preprocess, self.train), *_half_precision_on_cpu(self)]
        if problems:
            raise Impossible(*problems)
        return self


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


def _pooled_away(preprocess: Preprocess, train: Train) -> list[tuple[str, str]]:
    """Follow the image through the blocks and say where nothing of it is left."""
    side = min(preprocess.image_size)
    pools = per_layer(train.pool_size, len(train.filters))
    shrink = 0 if train.padding == "same" else train.kernel_size - 1
    for block, pool in enumerate(pools, start=1):
        side = (side - train.convs_per_block * shrink) // pool
        if side < 1:
            height, width = preprocess.image_size
            why = (
                f"is too small: of {height}x{width} pixels nothing is left after block {block} of "
                f"{len(train.filters)} (train.filters, kernel_size, padding, pool_size)"
            )
            return [("preprocess.image_size", why)]
    return []


def _half_precision_on_cpu(params: Params) -> list[tuple[str, str]]:
    if params.runtime.device != "cpu":
        return []
    why = "mixed_float16 needs a GPU, and runtime.device is 'cpu'"
    return [
        (f"{name}.precision", why)
        for name in ("train", "extract", "train_head")
        if getattr(params, name).precision == "mixed_float16"
    ]
