"""Train the scratch CNN.

Reads   data/tfrecords
Writes  models/scratch.keras, metrics/train.json, metrics/train/ (curves)
Params  seed, train
"""

from convline.networks.cnn import build_cnn
from convline.networks.convolutions import convolution_names
from convline.params.class_names import check_class_names
from convline.params.loading import load_params
from convline.records.dataset import load_dataset
from convline.records.saved_models import Description, TrainedModel
from convline.runtime import paths
from convline.runtime.files import require_writable, write_json
from convline.runtime.runner import run
from convline.runtime.tensorflow_setup import replicas, set_up
from convline.training.checkpoints import checkpoint, forget_checkpoints
from convline.training.fit import fit_to_images
from convline.training.live_curves import live_curves


def main() -> None:
    params = load_params()
    require_writable(paths.SCRATCH_MODEL, paths.metrics("train"))
    dataset = load_dataset()
    check_class_names(params, dataset.classes)
    set_up(
        params.seed, params.train.precision, device=params.runtime.device, gpus=params.runtime.gpus
    )
    changes = params.train.augmentation
    with replicas(params.runtime.gpus), live_curves("train") as curves:
        model = build_cnn(params.train, dataset.image_shape, len(dataset.classes))
        model.summary(line_length=80)
        metrics = fit_to_images(
            model,
            dataset,
            params.train,
            changes=changes,
            seed=params.seed,
            curves=curves,
            checkpoint=checkpoint("train", paths.TFRECORDS, params.seed, params.train),
        )
    convolutions = {"scratch": convolution_names(model)}
    description = Description("scratch", "images", dataset.classes, False, convolutions)
    TrainedModel(model, description).save(paths.SCRATCH_MODEL)
    write_json(paths.metrics("train"), {"train": metrics})
    forget_checkpoints("train")


if __name__ == "__main__":
    run(main)
