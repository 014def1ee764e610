"""Compute the bottleneck features of every image once.

Reads   data/tfrecords
Writes  data/features/<split>/{features,labels,keys}.npy, metrics/extract.json
Params  seed, extract
"""

from collections.abc import Iterator

import numpy as np
from tqdm import tqdm

from convline.networks.backbones import build_extractor, weights_sha256
from convline.params.class_names import check_class_names
from convline.params.loading import load_params
from convline.records.dataset import Dataset, load_dataset
from convline.records.features import Features, dtype_of, finished_rows, write_features
from convline.records.tfrecord_reader import read_batches
from convline.runtime import paths
from convline.runtime.files import resumable_dir, write_json
from convline.runtime.input_digest import input_digest
from convline.runtime.keras_backend import keras
from convline.runtime.machine import processor
from convline.runtime.runner import run
from convline.runtime.tensorflow_setup import devices, set_up, threads


def main() -> None:
    params = load_params()
    dataset = load_dataset()
    check_class_names(params, dataset.classes)
    compute_dtype = set_up(
        params.seed,
        params.extract.precision,
        device=params.runtime.device,
        gpus=params.runtime.gpus,
    )
    extractor = build_extractor(params.extract, dataset.image_shape, params.seed)
    dtype = dtype_of(compute_dtype)
    weights = weights_sha256(extractor)
    machine = (compute_dtype, threads(), devices())
    digest = input_digest(paths.TFRECORDS, params.seed, params.extract, weights, *machine)
    with resumable_dir(paths.FEATURES, digest) as folder:
        for split in paths.SPLITS:
            shape = (dataset.splits[split].examples, *extractor.output_shape[1:])
            done = finished_rows(folder / split)
            batches = extract_split(extractor, dataset, split, params.extract.batch_size, done)
            write_features(batches, folder / split, shape, dtype, done)
            print(f"data/features/{split}  features {shape} {dtype}")
    summary = {
        "weights_sha256": weights,
        "values": int(np.prod(extractor.output_shape[1:])),
        "compute_dtype": compute_dtype,
        "processor": processor(),
        "threads": threads(),
    }
    write_json(paths.metrics("extract"), {"extract": summary})


def extract_split(
    extractor: keras.Model, dataset: Dataset, split: str, batch_size: int, done: int = 0
) -> Iterator[Features]:
    """Yield the features of all examples of one split, in the order of its records, in batches.

    Args:
        extractor: from images to features.
        dataset: description of the TFRecords.
        split: train, validation or test.
        batch_size: number of images at once.
        done: number of examples, in whole batches, whose features are known: their batches have
            labels and keys alone.
    """
    seen, none = 0, np.empty((0, *extractor.output_shape[1:]), np.float32)
    examples = dataset.splits[split].examples
    # disable=None: no bar if the output is not a terminal.
    with tqdm(total=examples, desc=split, unit=" images", disable=None) as bar:
        for images, labels, keys in read_batches(paths.TFRECORDS, dataset, split, batch_size):
            features = extractor.predict_on_batch(images) if seen >= done else none
            names = np.array([name.decode() for name in keys.numpy()])
            yield Features(features, labels.numpy(), names)
            seen += len(images)
            bar.update(len(images))


if __name__ == "__main__":
    run(main)
