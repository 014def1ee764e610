"""Train a CNN from scratch.

Reads   data/tfrecords
Writes  models/scratch.keras, metrics/train.json, metrics/train/ (curves)
Params  seed, train
"""

from stages.common import paths
from stages.common.command import run
from stages.common.curves import live_curves
from stages.common.dataset import load_dataset
from stages.common.files import write_json
from stages.common.image_fitting import fit_to_images
from stages.common.models import save
from stages.common.params import load_params
from stages.common.runtime import replicas, set_up
from stages.networks.cnn import build_cnn


def main() -> None:
    params = load_params()
    dataset = load_dataset()
    set_up(params.seed, params.runtime, params.train.precision)
    changes = params.train.augmentation
    with replicas(params.runtime.gpus), live_curves("train") as curves:
        model = build_cnn(params.train, dataset.image_shape, len(dataset.classes))
        model.summary(line_length=80)
        metrics = fit_to_images(
            model, dataset, params.train, changes=changes, seed=params.seed, curves=curves
        )
    save(model, paths.SCRATCH_MODEL)
    write_json(paths.metrics("train"), {"train": metrics})


if __name__ == "__main__":
    run(main)
