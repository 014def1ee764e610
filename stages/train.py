"""Train a CNN from scratch.

Reads   data/tfrecords
Writes  models/scratch.keras, metrics/train.json, metrics/train/ (curves)
Params  seed, train
"""

from stages.common import fitting, paths
from stages.common.batches import target_batches, training_batches
from stages.common.command import run
from stages.common.curves import live_curves
from stages.common.dataset import load_dataset
from stages.common.files import write_json
from stages.common.models import save
from stages.common.params import load_params
from stages.common.runtime import set_up
from stages.networks.cnn import build_cnn


def main() -> None:
    params = load_params()
    dataset = load_dataset()
    set_up(params.seed, params.runtime.device, params.train.precision)
    model = build_cnn(params.train, dataset.image_shape, len(dataset.classes))
    model.summary(line_length=80)

    train = training_batches(dataset, params.train, params.train.augmentation, params.seed)
    validation = target_batches(dataset, "validation", params.train)
    images = dataset.class_counts("train")
    with live_curves("train") as curves:
        metrics = fitting.fit(model, train, validation, params.train, images=images, curves=curves)
    save(model, paths.SCRATCH_MODEL)
    write_json(paths.metrics("train"), {"train": metrics})


if __name__ == "__main__":
    run(main)
