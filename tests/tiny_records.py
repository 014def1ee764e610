"""Tiny TFRecords for the stages that read them, and the processor to read them on."""

import io

import numpy as np
from PIL import Image

from convline.records.dataset import Dataset, Split
from convline.records.tfrecord_writer import serialize, write_record
from convline.runtime import paths

CPU = {"device": "cpu", "gpus": 1}


def write_records(
    image_shape: list[int], encoding: str = "raw", shards: int = 1, **examples: int
) -> Dataset:
    """Write so many examples of each split, of classes 0 and 1 in turn, into data/tfrecords."""
    paths.TFRECORDS.mkdir(parents=True)
    splits = {}
    for split, count in examples.items():
        names = [f"{split}-{i:05d}-of-{shards:05d}.tfrecord" for i in range(shards)]
        parts = np.array_split(range(count), shards)
        for name, part in zip(names, parts, strict=True):
            with (paths.TFRECORDS / name).open("wb") as file:
                for i in part.tolist():
                    content = encode(image(split, i, image_shape), encoding)
                    write_record(file, serialize(content, i % 2, f"{i % 2}/{i}"))
        counts = {"0": count - count // 2, "1": count // 2}
        splits[split] = Split(dict(zip(names, map(len, parts), strict=True)), counts)
    dataset = Dataset(["0", "1"], image_shape, encoding, splits)
    dataset.save(paths.TFRECORDS)
    return dataset


def image(split: str, i: int, shape: list[int]) -> np.ndarray:
    """Example i: noise, dark or, of class 1, bright."""
    noise = np.random.default_rng([paths.SPLITS.index(split), i]).integers(0, 128, shape, np.uint8)
    return noise + np.uint8(127 * (i % 2))


def encode(pixels: np.ndarray, encoding: str) -> bytes:
    if encoding == "raw":
        return pixels.tobytes()
    buffer = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(buffer, encoding)
    return buffer.getvalue()
