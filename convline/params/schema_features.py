"""The section `extract` of params.yaml: features of pre-trained networks."""

from typing import Literal, cast

from convline.params.per_layer import per_layer
from convline.params.schema_base import BatchSize, ImageSize, OneOrMore, Problems, Section
from convline.params.schema_training import Precision

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
# Smallest height and width in pixels, from the documentation of keras.applications.
MIN_PIXELS = {"inception_v3": 75, "xception": 71}
MIN_PIXELS_OF_OTHERS = 32


class Extract(Section):
    """Features of one pre-trained network, or of several side by side."""

    backbone: OneOrMore[Backbone]
    weights: OneOrMore[str]
    image_size: ImageSize
    pooling: Literal["none", "avg", "max"]
    precision: Precision
    batch_size: BatchSize

    def _problems(self) -> Problems:
        backbones = per_layer(cast("str | list[str]", self.backbone), 1)
        yield from self._wrong_image_size(backbones)
        yield from self._wrong_backbones(backbones)
        yield from self._wrong_weights(backbones)

    def _wrong_image_size(self, backbones: list[str]) -> Problems:
        height, width = self.image_size
        for name in backbones:
            least = MIN_PIXELS.get(name, MIN_PIXELS_OF_OTHERS)
            if min(height, width) < least:
                reason = f"{name} needs at least {least}x{least} pixels, got {height}x{width}"
                yield "image_size", reason

    def _wrong_backbones(self, backbones: list[str]) -> Problems:
        if not backbones:
            yield "backbone", "must name at least one network, got []"
        if len(set(backbones)) < len(backbones):
            yield "backbone", f"must not name a network twice, got {backbones}"
        if len(backbones) > 1 and self.pooling == "none":
            yield "pooling", "must be 'avg' or 'max' for several backbones, got 'none'"

    def _wrong_weights(self, backbones: list[str]) -> Problems:
        count = len(backbones)
        sources = per_layer(self.weights, count)
        if len(sources) != count:
            reason = f"must be one value or a list of {count}, one per backbone"
            yield "weights", f"{reason}, got {len(sources)}"
            return
        for name, source in zip(backbones, sources, strict=True):
            if source == "hed" and name != "vgg16":
                yield "weights", f"'hed' are weights of vgg16, not of {name}"
        # One file cannot fit two networks.
        if count > 1 and isinstance(self.weights, str) and self.weights not in {"imagenet", "none"}:
            reason = f"must be 'imagenet', 'none' or a list of {count}, one per backbone"
            yield "weights", f"{reason}, got {self.weights!r}"
