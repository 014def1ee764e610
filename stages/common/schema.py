"""The schema of params.yaml: what may stand there, and which combinations are possible.

It holds no defaults and coerces nothing, so it accepts or refuses and never changes a value:
what a stage computes depends on its code and on params.yaml, not on this file. That is why
dvc.yaml does not list it among the dependencies of the stages (nor its parts `schema_data.py` and
`section.py`, nor `params.py`, its reader); a new parameter of one stage then leaves the results of
all others standing.
"""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from stages.common.per_layer import per_layer
from stages.common.schema_data import Csv, Download, Organize, Preprocess
from stages.common.section import Fraction, ImageSize, Impossible, PositiveInt, Rate, Section

__all__ = ["Csv", "Download", "Impossible", "Organize", "Preprocess"]

# VGG16 halves its input five times, so that 2**5 pixels are the least that leave one.
VGG16_MIN_PIXELS = 32

ONE_FOR_ALL, ONE_EACH = "one for all", "one each"
_which = Discriminator(lambda value: ONE_EACH if isinstance(value, list) else ONE_FOR_ALL)
PoolSizes = Annotated[
    Annotated[PositiveInt, Tag(ONE_FOR_ALL)] | Annotated[list[PositiveInt], Tag(ONE_EACH)], _which
]
Rates = Annotated[Annotated[Rate, Tag(ONE_FOR_ALL)] | Annotated[list[Rate], Tag(ONE_EACH)], _which]
Activation = Literal["relu", "leaky_relu", "sigmoid", "tanh", "selu", "elu", "gelu", "silu"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16", "auto"]


class Runtime(Section):
    """Where to run. Not a dependency of any stage."""

    device: Literal["auto", "gpu", "cpu"]


class Fitting(Section):
    """What both training stages share; the terms are those of Keras."""

    activation: Activation
    output: Literal["softmax", "sigmoid"]
    loss: Literal["categorical_crossentropy", "binary_crossentropy"]
    label_smoothing: Rate
    class_weight: Literal["none", "balanced"]
    l2: Annotated[float, Field(ge=0)]
    optimizer: Literal["sgd", "rmsprop", "adam"]
    learning_rate: Annotated[float, Field(gt=0)]
    momentum: Rate
    schedule: Literal["constant", "inverse_time", "cosine", "plateau"]
    decay_rate: Annotated[float, Field(ge=0)]
    plateau_factor: Fraction
    plateau_patience: PositiveInt
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
        if self.schedule != "inverse_time" and self.decay_rate > 0:
            problems.append(("decay_rate", f"must be 0 when schedule is '{self.schedule}'"))
        if self.schedule == "plateau" and self.plateau_patience >= self.patience:
            why = f"must be less than patience ({self.patience}), or training stops before"
            problems.append(("plateau_patience", why))
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
    brightness: Rate
    contrast: Rate


class Train(Fitting):
    """The CNN: INPUT -> [[CONV -> RELU]*N -> POOL]*M -> [FC -> RELU]*K -> FC."""

    filters: Annotated[list[PositiveInt], Field(min_length=1)]
    convs_per_block: PositiveInt
    kernel_size: PositiveInt
    padding: Literal["same", "valid"]
    pool_size: PoolSizes
    pooling: Literal["max", "avg"]
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
