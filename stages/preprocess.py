"""Decode and resize every image once, into sharded TFRecords.

Reads   data/organized
Writes  data/tfrecords/<split>-0000i-of-0000n.tfrecord, dataset.json, metrics/preprocess.json
Params  seed, preprocess

The shards are listed beforehand, each with its files in a seeded random order, and each is written
by a pure function of its list, so the bytes do not depend on the number of workers or their order.
"""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy as np
from tqdm import tqdm

from convline.images.pixel_conversion import ALL_BITS
from convline.params.loading import load_params
from convline.params.schema import Preprocess
from convline.records.dataset import Dataset, Split
from convline.records.shards import Shard, visible, write_shard
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import resumable_dir, write_json
from convline.runtime.input_digest import input_digest
from convline.runtime.runner import run


def main() -> None:
    params = load_params()
    classes = find_classes()
    shards = plan_shards(classes, params.preprocess.examples_per_shard, params.seed)
    digest = input_digest(paths.ORGANIZED, params.seed, params.preprocess)
    with resumable_dir(paths.TFRECORDS, digest) as folder:
        clipped = write_shards(shards, params.preprocess, folder)
        dataset = describe(shards, classes, params.preprocess)
        dataset.save(folder)
    size = sum(file.stat().st_size for file in paths.TFRECORDS.iterdir())
    summary = {"shards": len(shards), "bytes": size}
    if params.preprocess.bit_depth < ALL_BITS:
        summary |= {"clipped_images": sum(map(bool, clipped)), "clipped_values": sum(clipped)}
    write_json(paths.metrics("preprocess"), {"preprocess": summary})
    shape = tuple(dataset.image_shape)
    print(f"data/tfrecords  images {shape}, {len(shards)} shards, {size:,} bytes")
    if any(clipped):
        which = f"{sum(clipped):,} values in {summary['clipped_images']:,} images are too large for"
        print(f"clipped: {which} preprocess.bit_depth: {params.preprocess.bit_depth}")


def find_classes() -> list[str]:
    """Return the sorted names of the class folders; the position is the label."""
    try:
        return sorted(folder.name for folder in visible(paths.ORGANIZED / "train"))
    except FileNotFoundError:
        raise UserError(f"there is no {paths.ORGANIZED}/train; run `dvc repro organize`") from None


def plan_shards(classes: list[str], examples_per_shard: int, seed: int) -> list[Shard]:
    """Return the list of all shards, which depends on the files and the seed alone."""
    shards = []
    for split in paths.SPLITS:
        pairs = [
            (file, label)
            for label, name in enumerate(classes)
            for file in sorted(visible(paths.ORGANIZED / split / name))
        ]
        # The order on disk is random over the whole split, so that a small shuffle buffer still
        # mixes the classes.
        order = np.random.default_rng(seed).permutation(len(pairs))
        parts = np.array_split(order, -(-len(pairs) // examples_per_shard))
        for number, part in enumerate(parts):
            name = f"{split}-{number:05d}-of-{len(parts):05d}.tfrecord"
            files, labels = zip(*(pairs[i] for i in part), strict=True)
            shards.append(Shard(split, name, list(files), list(labels)))
    return shards


def write_shards(shards: list[Shard], preprocess: Preprocess, folder: Path) -> list[int]:
    """Write all shards, as many at a time as there are cores.

    Returns:
        The number of values of each image that `preprocess.bit_depth` cannot represent.
    """
    clipped = []
    examples = sum(len(shard.files) for shard in shards)
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        # disable=None: no bar if the output is not a terminal.
        tqdm(total=examples, desc="preprocess", unit=" images", disable=None) as bar,
    ):
        running = {pool.submit(write_shard, shard, preprocess, folder): shard for shard in shards}
        try:
            for done in as_completed(running):
                clipped += done.result()
                bar.update(len(running[done].files))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return clipped


def describe(shards: list[Shard], classes: list[str], preprocess: Preprocess) -> Dataset:
    """Return the content of dataset.json."""
    splits = {}
    for split in paths.SPLITS:
        own = [shard for shard in shards if shard.split == split]
        counts = Counter(classes[label] for shard in own for label in shard.labels)
        splits[split] = Split({shard.name: len(shard.files) for shard in own}, dict(counts))
    channels = 1 if preprocess.color_mode == "grayscale" else 3
    shape = [*preprocess.image_size, channels]
    return Dataset(classes, shape, preprocess.encoding, splits)


if __name__ == "__main__":
    run(main)
