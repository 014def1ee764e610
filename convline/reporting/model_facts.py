"""Facts about the two models for the report and the model card: architecture and training."""

from pathlib import Path
from typing import Any, cast

from convline.images.pixel_conversion import ALL_BITS
from convline.params.per_layer import per_layer
from convline.params.schema import Params, Train, TrainHead
from convline.runtime import paths

Facts = dict[str, str]
TIMES = "\N{MULTIPLICATION SIGN}"


def facts(metrics: dict[str, Any], params: Params) -> dict[str, Any]:
    """Return a list of facts for each model."""
    return {
        "architectures": {
            "scratch": {**cnn(params), **outcome(metrics["train"]["train"], params.train),
                        "File": size(paths.SCRATCH_MODEL)},
            "transfer": {**transfer(metrics, params),
                         **outcome(metrics["train_head"]["train_head"], params.train_head),
                         "File": size(paths.HEAD_MODEL)},
        }
    }  # fmt: skip


def cnn(params: Params) -> Facts:
    """Return the layers of the scratch CNN."""
    train = params.train
    filters = ", ".join(map(str, train.filters))
    pools = {str(pool) for pool in per_layer(train.pool_size, len(train.filters))}
    pooling = f"{train.pool_type} pooling of {' or '.join(sorted(pools))}"
    convolution = f"{pixels(train.kernel_size, train.kernel_size)} ({train.padding})"
    steps = [
        f"{_several(train.convs_per_block, 'convolution')} of {convolution}",
        *(["batch normalization"] if train.batch_normalization else []),
        train.activation,
        pooling,
    ]
    return {
        "Input": image(params),
        "Blocks": f"{len(train.filters)}, of {filters} filters; each {', '.join(steps)}",
        **(
            {"Dropout after the blocks": f"{train.final_conv_dropout:g}"}
            if train.final_conv_dropout
            else {}
        ),
        "Dense layers": _dense(train.dense_units, [train.dropout] * len(train.dense_units)),
        "Output": f"{train.output_activation}; loss: {train.loss}",
    }


def transfer(metrics: dict[str, Any], params: Params) -> Facts:
    """Return the backbone and the head of the transfer model."""
    extract, head = params.extract, params.train_head
    names = per_layer(cast("str | list[str]", extract.backbone), 1)
    weights = per_layer(extract.weights, len(names))
    backbones = ", ".join(
        f"{name} (weights: {_name(source)})" for name, source in zip(names, weights, strict=True)
    )
    facts = {
        "Input": f"{image(params)}, resized to {pixels(*extract.image_size)}",
        "Pre-trained": backbones,
        "Features": f"{metrics['extract']['extract']['values']:,} values an image, "
        + ("not pooled" if extract.pooling == "none" else f"{extract.pooling} pooling"),
        "Dense layers": _dense(head.dense_units, per_layer(head.dropout, len(head.dense_units))),
        "Output": f"{head.output_activation}; loss: {head.loss}",
    }
    if head.fine_tune.unfreeze_layers:
        tuned = metrics["train_head"]["train_head"].get("fine_tuned", {}).get("best", {})
        best = f"; best epoch {tuned['epoch']}" if "epoch" in tuned else ""
        facts["Fine-tuned"] = (
            f"last {_several(head.fine_tune.unfreeze_layers, 'layer')} of each, "
            f"learning rate {head.fine_tune.learning_rate:g}{best}"
        )
    return facts


def outcome(trained: dict[str, Any], params: Train | TrainHead) -> Facts:
    """Return how a model was trained, with its best epoch."""
    best = trained["best"]
    return {
        "Training": f"{params.optimizer}, learning rate {params.learning_rate:g}, "
        f"batches of {params.batch_size}, {trained['compute_dtype']} on {trained['processor']}",
        "Best epoch": f"{best['epoch']} of at most {params.epochs}, by validation loss "
        f"({best['val_loss']:.4f})",
        "Parameters": f"{trained['parameters']:,}",
    }


def kept_training(metrics: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the metrics of the training whose model train_head saved, and if it is fine-tuned."""
    tuned = metrics.get("fine_tuned")
    if tuned and tuned["best"]["val_loss"] < metrics["best"]["val_loss"]:
        return tuned, True
    return metrics, False


def image_shape(params: Params) -> tuple[int, int, int]:
    """Return height, width and channels of the preprocessed images."""
    height, width = params.preprocess.image_size
    return height, width, 1 if params.preprocess.color_mode == "grayscale" else 3


def image(params: Params) -> str:
    """Return size, color mode and unusual bit depth of the images that both models get."""
    preprocess = params.preprocess
    depth = f", {preprocess.bit_depth} of 16 bits" if preprocess.bit_depth < ALL_BITS else ""
    return f"{pixels(*preprocess.image_size)}, {preprocess.color_mode}{depth}"


def pixels(height: int, width: int) -> str:
    """Format height and width as width times height, as for screens."""
    return f"{width} {TIMES} {height}"


def size(model: Path) -> str:
    """Return the path of a model file and its size in MB."""
    if not model.exists():
        return f"{model}: not on this machine; run `dvc pull` or `dvc repro`"
    return f"{model}, {model.stat().st_size / 1e6:.2f} MB"


def _dense(units: list[int], rates: list[float]) -> str:
    layers = [
        f"{count:,} units" + (f", dropout {rate:g}" if rate else "")
        for count, rate in zip(units, rates, strict=True)
    ]
    return "; ".join(layers) or "none"


def _several(count: int, thing: str) -> str:
    return f"{count} {thing}" + "s" * (count > 1)


def _name(source: str) -> str:
    """Return the name of a weights file without its folder, which may hold private names."""
    return Path(source).name
