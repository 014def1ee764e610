"""The sections `train` and `train_head` of params.yaml; the terms are those of Keras."""

from typing import Annotated, Literal

from pydantic import Field

from convline.params.schema_base import (
    BatchSize,
    Fraction,
    KernelPixels,
    NonNegativeInt,
    OneOrMore,
    PositiveFloat,
    PositiveInt,
    Problems,
    Rate,
    Section,
    Units,
)

Activation = Literal["relu", "leaky_relu", "sigmoid", "tanh", "selu", "elu", "gelu", "silu"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16", "auto"]
NonNegativeFloat = Annotated[float, Field(ge=0)]


class Training(Section):
    """The parameters that both training stages share."""

    dense_units: list[Units]
    activation: Activation
    output_activation: Literal["softmax", "sigmoid"]
    loss: Literal["crossentropy", "focal", "mean_squared_error", "hinge"]
    label_smoothing: Rate
    class_weight: Literal["none", "balanced"]
    l2: NonNegativeFloat
    optimizer: Literal["sgd", "rmsprop", "adam"]
    learning_rate: PositiveFloat
    momentum: Rate
    learning_rate_schedule: Literal[
        "constant", "inverse_time_decay", "cosine_decay", "reduce_on_plateau"
    ]
    decay_rate: NonNegativeFloat
    reduce_lr_factor: Fraction
    reduce_lr_patience: PositiveInt
    epochs: PositiveInt
    batch_size: BatchSize
    early_stopping_patience: PositiveInt
    precision: Precision

    def _problems(self) -> Problems:
        yield from self._wrong_loss()
        yield from self._wrong_optimizer()
        yield from self._wrong_schedule()

    def _wrong_loss(self) -> Problems:
        # Keras smooths the labels of its cross-entropies only.
        if self.label_smoothing > 0 and self.loss not in {"crossentropy", "focal"}:
            reason = f"must be 0 when loss is '{self.loss}', got {self.label_smoothing}"
            yield "label_smoothing", reason

    def _wrong_optimizer(self) -> Problems:
        if self.optimizer == "adam" and self.momentum > 0:
            yield "momentum", f"must be 0 when optimizer is 'adam', got {self.momentum}"

    def _wrong_schedule(self) -> Problems:
        schedule = f"learning_rate_schedule is '{self.learning_rate_schedule}'"
        if self.learning_rate_schedule != "inverse_time_decay" and self.decay_rate > 0:
            yield "decay_rate", f"must be 0 when {schedule}, got {self.decay_rate}"
        stop = self.early_stopping_patience
        if self.learning_rate_schedule == "reduce_on_plateau" and self.reduce_lr_patience >= stop:
            reason = f"must be less than early_stopping_patience ({stop})"
            yield "reduce_lr_patience", f"{reason}, got {self.reduce_lr_patience}"


class Augmentation(Section):
    """Largest random changes to training images."""

    rotation_degrees: Annotated[float, Field(ge=0, le=180)]
    width_shift_fraction: Rate
    height_shift_fraction: Rate
    shear_degrees: Annotated[float, Field(ge=0, lt=90)]
    zoom_fraction: Rate
    horizontal_flip: bool
    vertical_flip: bool
    brightness_fraction: Rate
    contrast_fraction: Rate


class Train(Training):
    """The scratch CNN: INPUT -> [[CONV -> RELU]*N -> POOL]*M -> [FC -> RELU]*K -> FC."""

    filters: Annotated[list[Units], Field(min_length=1)]
    convs_per_block: Annotated[int, Field(gt=0, le=100)]
    kernel_size: KernelPixels
    padding: Literal["same", "valid"]
    pool_size: OneOrMore[KernelPixels]
    pool_type: Literal["max", "avg"]
    batch_normalization: bool
    final_conv_dropout: Rate
    dropout: Rate
    augmentation: Augmentation

    def _problems(self) -> Problems:
        yield from super()._problems()
        yield from _wrong_length("pool_size", self.pool_size, "filters", self.filters)


class FineTune(Section):
    """Further training of the last layers of each backbone, together with the head."""

    unfreeze_layers: NonNegativeInt
    learning_rate: PositiveFloat
    epochs: PositiveInt
    augmentation: Augmentation


class TrainHead(Training):
    """The head: a small classifier on the features of frozen backbones."""

    dropout: OneOrMore[Rate]
    fine_tune: FineTune

    def _problems(self) -> Problems:
        yield from super()._problems()
        yield from _wrong_length("dropout", self.dropout, "dense_units", self.dense_units)


def _wrong_length(name: str, value: object, layers_name: str, layers: list[int]) -> Problems:
    if isinstance(value, list) and len(value) != len(layers):
        reason = f"must be one number or a list of {len(layers)}, one per entry of {layers_name}"
        yield name, f"{reason}, got {len(value)}"
