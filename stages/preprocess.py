"""Decode and resize every image once, into sharded TFRecords.

Reads   data/organized
Writes  data/tfrecords/<split>-0000i-of-0000n.tfrecord, dataset.json, metrics/preprocess.json
Params  seed, preprocess

The shards are listed beforehand, each with its files in a seeded random order, and each is written
by a pure function of its list: any number of workers in any order gives the same bytes.
"""

import io
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from stages.common import paths
from stages.common.command import UserError, run
from stages.common.dataset import Dataset, Split
from stages.common.files import fresh_dir, fresh_file, write_json
from stages.common.images import BadImage, decode
from stages.common.params import load_params
from stages.common.schema import Preprocess
from stages.common.tfrecord import serialize, write_record


@dataclass(frozen=True)
class Shard:
    """One file of TFRecords to be written.

    Attributes:
        split: the split that it belongs to.
        name: its file name.
        files: images in the order of their records.
        labels: the label of each.
    """

    split: str
    name: str
    files: list[Path]
    labels: list[int]


def main() -> None:
    params = load_params()
    classes = find_classes()
    shards = plan_shards(classes, params.preprocess.examples_per_shard, params.seed)
    with fresh_dir(paths.TFRECORDS) as folder:
        write_shards(shards, params.preprocess, folder)
        dataset = describe(shards, classes, params.preprocess)
        dataset.save(folder)
    size = sum(file.stat().st_size for file in paths.TFRECORDS.iterdir())
    summary = {"shards": len(shards), "bytes": size}
    write_json(paths.metrics("preprocess"), {"preprocess": summary})
    shape = tuple(dataset.image_shape)
    print(f"data/tfrecords  images {shape}, {len(shards)} shards, {size:,} bytes")


def find_classes() -> list[str]:
    """Names of the class folders, sorted: the position is the label."""
    try:
        return sorted(folder.name for folder in visible(paths.ORGANIZED / "train"))
    except FileNotFoundError:
        raise UserError(f"there is no {paths.ORGANIZED}/train; run `dvc repro organize`") from None


def visible(folder: Path) -> list[Path]:
    """What is in a folder but for the `.DS_Store` of whoever opened it on a Mac."""
    return [
        path
        for path in folder.iterdir()
        if not path.name.startswith("._") and path.name != ".DS_Store"
    ]


def plan_shards(classes: list[str], examples_per_shard: int, seed: int) -> list[Shard]:
    """The list of all shards, the same for the same files and seed."""
    shards = []
    for split in paths.SPLITS:
        pairs = [
            (file, label)
            for label, name in enumerate(classes)
            for file in sorted(visible(paths.ORGANIZED / split / name))
        ]
        # The order on disk is random over the whole split, so that a reader with a small shuffle
        # buffer still sees the classes mixed.
        order = np.random.default_rng(seed).permutation(len(pairs))
        parts = np.array_split(order, -(-len(pairs) // examples_per_shard))
        for number, part in enumerate(parts):
            name = f"{split}-{number:05d}-of-{len(parts):05d}.tfrecord"
            files, labels = zip(*(pairs[i] for i in part), strict=True)
            shards.append(Shard(split, name, list(files), list(labels)))
    return shards


def write_shards(shards: list[Shard], preprocess: Preprocess, folder: Path) -> None:
    """Write all shards, as many at a time as there are cores."""
    examples = sum(len(shard.files) for shard in shards)
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        # disable=None: no bar where the output is no terminal.
        tqdm(total=examples, desc="preprocess", unit=" images", disable=None) as bar,
    ):
        running = {pool.submit(write_shard, shard, preprocess, folder): shard for shard in shards}
        try:
            for done in as_completed(running):
                done.result()
                bar.update(len(running[done].files))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def write_shard(shard: Shard, preprocess: Preprocess, folder: Path) -> None:
    """Write one shard: a pure function of its arguments and of the files that they name."""
    with fresh_file(folder / shard.name) as partial, partial.open("wb") as records:
        for file, label in zip(shard.files, shard.labels, strict=True):
            image = encode(load_image(file, preprocess), preprocess)
            key = f"{file.parent.name}/{file.name}"
            write_record(records, serialize(image, label, key))


def load_image(file: Path, preprocess: Preprocess) -> Image.Image:
    """Decode and resize one image, the aspect ratio left aside as Keras's loaders do."""
    try:
        image = decode(file.read_bytes(), preprocess.color_mode, least_side(preprocess))
    except BadImage as error:
        raise UserError(f"{file} cannot be decoded: {error}") from error
    height, width = preprocess.image_size
    # Pillow's filters widen with the scale, so that shrinking does not alias.
    return image.resize((width, height), Image.Resampling[preprocess.interpolation.upper()])


def least_side(preprocess: Preprocess) -> int | None:
    """Pixels a side that decoding must leave: twice the result's, as Pillow's `thumbnail` does."""
    # `nearest` takes pixels of the image as they are.
    return None if preprocess.interpolation == "nearest" else 2 * max(preprocess.image_size)


def encode(image: Image.Image, preprocess: Preprocess) -> bytes:
    """The pixels, uint8 (height, width, channels) in C order, or a PNG or JPEG file of them."""
    if preprocess.encoding == "raw":
        return image.tobytes()
    buffer = io.BytesIO()
    if preprocess.encoding == "png":
        image.save(buffer, "PNG")
    else:
        # Colour at half resolution (4:2:0), Pillow's default, is off by up to 42 of 255 on 10x6.
        image.save(buffer, "JPEG", quality=preprocess.jpeg_quality, subsampling=0)
    return buffer.getvalue()


def describe(shards: list[Shard], classes: list[str], preprocess: Preprocess) -> Dataset:
    """What dataset.json says of the shards."""
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
