"""The schema of params.yaml: all sections, and the checks across sections.

The sections are defined in schema_data.py, schema_features.py and schema_training.py beside this
file. The schema has no defaults and converts nothing: it accepts or refuses a value and never
changes one. So dvc.yaml need not list convline/params/ among the dependencies of the stages, and a
new parameter of one stage leaves the results of the others valid.
"""

from typing import Annotated, Literal

from pydantic import Field

from convline.params.per_layer import per_layer
from convline.params.schema_base import BatchSize, PositiveInt, Problems, Section
from convline.params.schema_data import Csv, Download, Organize, Preprocess
from convline.params.schema_features import MIN_PIXELS, Backbone, Extract
from convline.params.schema_training import Activation, Augmentation, Train, TrainHead, Training

__all__ = [
    "MIN_PIXELS",
    "Activation",
    "Augmentation",
    "Backbone",
    "Csv",
    "Download",
    "Evaluate",
    "Extract",
    "Organize",
    "Params",
    "Preprocess",
    "Runtime",
    "Train",
    "TrainHead",
    "Training",
]


class Runtime(Section):
    """Where to run; not a dependency of any stage."""

    device: Literal["auto", "gpu", "cpu"]
    gpus: PositiveInt

    def _problems(self) -> Problems:
        if self.device == "cpu" and self.gpus > 1:
            yield "gpus", f"must be 1 when device is 'cpu', got {self.gpus}"


class Evaluate(Section):
    """How both models are scored on the test split."""

    batch_size: BatchSize
    classifier: Literal["auto", "scratch", "transfer"]
    n_resamples: Annotated[int, Field(ge=100, le=1_000_000)]
    pictures: bool
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

    def _problems(self) -> Problems:
        yield from _images_too_small(self.preprocess, self.train)
        yield from _half_precision_on_cpu(self)


def _images_too_small(preprocess: Preprocess, train: Train) -> Problems:
    """Follow the image through the blocks of the scratch CNN until no pixel is left."""
    side = min(preprocess.image_size)
    pools = per_layer(train.pool_size, len(train.filters))
    shrink = 0 if train.padding == "same" else train.kernel_size - 1
    for block, pool in enumerate(pools, start=1):
        side = (side - train.convs_per_block * shrink) // pool
        if side < 1:
            height, width = preprocess.image_size
            reason = (
                f"{height}x{width} pixels are too small: nothing is left after block {block} of "
                f"{len(train.filters)} (train.filters, kernel_size, padding, pool_size)"
            )
            yield "preprocess.image_size", reason
            return


def _half_precision_on_cpu(params: Params) -> Problems:
    if params.runtime.device == "cpu":
        for name in ("train", "extract", "train_head"):
            if getattr(params, name).precision == "mixed_float16":
                yield (
                    f"{name}.precision",
                    "'mixed_float16' needs a GPU, but runtime.device is 'cpu'",
                )
