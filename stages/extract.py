"""Compute the bottleneck features of every image once.

Reads   data/tfrecords
Writes  data/features/<split>.npz, metrics/extract.json
Params  seed, extract
"""

import numpy as np
from tqdm import tqdm

from stages.common import paths
from stages.common.backend import keras
from stages.common.command import run
from stages.common.dataset import Dataset, load_dataset
from stages.common.features import Features, save_features
from stages.common.files import fresh_dir, write_json
from stages.common.params import load_params
from stages.common.records import read_batches
from stages.common.runtime import set_up, threads
from stages.networks.backbones import build_extractor, weights_sha256


def main() -> None:
    params = load_params()
    dataset = load_dataset()
    compute_dtype = set_up(params.seed, params.runtime.device, params.extract.precision)
    extractor = build_extractor(params.extract, dataset.image_shape, params.seed)
    with fresh_dir(paths.FEATURES) as folder:
        for split in paths.SPLITS:
            features = extract_split(extractor, dataset, split, params.extract.batch_size)
            save_features(features, folder, split)
            print(f"data/features/{split}.npz  features {features.features.shape}")
    summary = {
        "weights_sha256": weights_sha256(extractor),
        "values": int(np.prod(extractor.output_shape[1:])),
        "compute_dtype": compute_dtype,
        "threads": threads(),
    }
    write_json(paths.metrics("extract"), {"extract": summary})


def extract_split(
    extractor: keras.Model, dataset: Dataset, split: str, batch_size: int
) -> Features:
    """The features of all examples of one split, in the order of its records."""
    examples = dataset.splits[split].examples
    # Filled in place: a list of batches and its concatenation would take the memory twice.
    features = np.empty((examples, *extractor.output_shape[1:]), np.float32)
    labels = np.empty(examples, np.int64)
    keys: list[str] = []
    # disable=None: no bar where the output is no terminal.
    with tqdm(total=examples, desc=split, unit=" images", disable=None) as bar:
        for images, label, key in read_batches(paths.TFRECORDS, dataset, split, batch_size):
            rows = slice(len(keys), len(keys) + len(images))
            features[rows] = extractor.predict_on_batch(images)
            labels[rows] = label
            keys.extend(name.decode() for name in key.numpy())
            bar.update(len(images))
    return Features(features, labels, np.array(keys))


if __name__ == "__main__":
    run(main)
