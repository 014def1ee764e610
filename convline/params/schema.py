"""The schema of params.yaml: what may stand there, and which combinations are possible.

It holds no defaults and coerces nothing, so it accepts or refuses and never changes a value:
what a stage computes depends on its code and on params.yaml, not on this file. That is why
dvc.yaml does not list it among the dependencies of the stages (nor its parts `schema_data.py` and
`section.py`, nor `params.py`, its reader); a new parameter of one stage then leaves the results of
all others standing.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, Self, cast

from pydantic import Discriminator, Field, Tag, model_validator

from convline.params.per_layer import per_layer
from convline.params.schema_base import Fraction, ImageSize, Impossible, PositiveInt, Rate, Section
from convline.params.schema_data import Csv, Download, Organize, Preprocess

__all__ = ["Csv", "Download", "Impossible", "Organize", "Preprocess"]

# The fewest pixels a side that a network takes, by the documentation of keras.applications.
MIN_PIXELS = {"inception_v3": 75, "xception": 71}
MIN_PIXELS_OF_OTHERS = 32

ONE_FOR_ALL, ONE_EACH = "one for all", "one each"
_which = Discriminator(lambda value: ONE_EACH if isinstance(value, list) else ONE_FOR_ALL)
PoolSizes = Annotated[
    Annotated[PositiveInt, Tag(ONE_FOR_ALL)] | Annotated[list[PositiveInt], Tag(ONE_EACH)], _which
]
Rates = Annotated[Annotated[Rate, Tag(ONE_FOR_ALL)] | Annotated[list[Rate], Tag(ONE_EACH)], _which]
Backbone = Literal[
    "vgg16",
    "vgg19",
    "resnet50",
    "inception_v3",
    "xception",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "mobilenet_v3_large",
    "efficientnet_v2_b0",
    "efficientnet_v2_s",
]
Backbones = Annotated[
    Annotated[Backbone, Tag(ONE_FOR_ALL)]
    | Annotated[list[Backbone], Field(min_length=1), Tag(ONE_EACH)],
    _which,
]
Weights = Annotated[Annotated[str, Tag(ONE_FOR_ALL)] | Annotated[list[str], Tag(ONE_EACH)], _which]
Activation = Literal["relu", "leaky_relu", "sigmoid", "tanh", "selu", "elu", "gelu", "silu"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16", "auto"]


class Runtime(Section):
    """Where to run. Not a dependency of any stage."""

    device: Literal["auto", "gpu", "cpu"]
    gpus: PositiveInt

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.device == "cpu" and self.gpus > 1:
            raise Impossible(("gpus", "must be 1 when device is 'cpu'"))
        return self


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
    """Random changes to training images, in the units of Keras."""

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
    """Bottleneck features of a pre-trained network, or of several side by side."""

    backbone: Backbones
    weights: Weights
    image_size: ImageSize
    pooling: Literal["none", "avg", "max"]
    precision: Precision
    batch_size: PositiveInt

    @model_validator(mode="after")
    def _possible(self) -> Self:
        problems = []
        height, width = self.image_size
        backbones = per_layer(cast("str | list[str]", self.backbone), 1)
        for name in backbones:
            least = MIN_PIXELS.get(name, MIN_PIXELS_OF_OTHERS)
            if min(height, width) < least:
                why = f"{name} needs {least} pixels or more a side, got {height}x{width}"
                problems.append(("image_size", why))
        if len(set(backbones)) < len(backbones):
            problems.append(("backbone", "must not name a network twice"))
        if len(backbones) > 1 and self.pooling == "none":
            problems.append(("pooling", "must be 'avg' or 'max' when there are several backbones"))
        problems.extend(_wrong_weights(self.weights, backbones))
        if problems:
            raise Impossible(*problems)
        return self


class FineTune(Section):
    """The last layers of the backbone, trained on from images with the head."""

    layers: Annotated[int, Field(ge=0)]
    learning_rate: Annotated[float, Field(gt=0)]
    epochs: PositiveInt
    augmentation: Augmentation


class TrainHead(Fitting):
    """Small classifier on frozen features."""

    dense_units: list[PositiveInt]
    dropout: Rates
    fine_tune: FineTune

    @model_validator(mode="after")
    def _one_rate_per_layer(self) -> Self:
        if isinstance(self.dropout, list) and len(self.dropout) != len(self.dense_units):
            why = f"must be one number or {len(self.dense_units)}, as many as dense_units"
            raise Impossible(("dropout", f"{why}, got {len(self.dropout)}"))
        return self


class Evaluate(Section):
    """Both models on the test split."""

    batch_size: PositiveInt
    classifier: Literal["auto", "scratch", "transfer"]
    n_resamples: Annotated[int, Field(ge=100)]
    positive_class: str | None
    target_sensitivity: Annotated[float, Field(gt=0, le=1)]
    intended_use: str | None


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


def _wrong_weights(weights: str | list[str], backbones: list[str]) -> Iterator[tuple[str, str]]:
    count = len(backbones)
    sources = per_layer(weights, count)
    if len(sources) != count:
        why = f"must be one for all or {count}, as many as backbone"
        yield "weights", f"{why}, got {len(sources)}"
        return
    for name, source in zip(backbones, sources, strict=True):
        if source == "hed" and name != "vgg16":
            yield "weights", f"'hed' are weights of vgg16, not of {name}"
    # One file cannot fit two networks.
    if count > 1 and isinstance(weights, str) and weights not in {"imagenet", "none"}:
        yield "weights", "must be a list with one for each backbone, or 'imagenet' for all"


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
