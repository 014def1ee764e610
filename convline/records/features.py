"""Read and write `data/features/<split>/`: bottleneck features with their labels and keys.

They are NumPy files, read as memory maps, so that shuffling them in training takes no memory.
"""

import json
import math
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import sync, write_json
from convline.runtime.tensorflow_setup import PREFETCH, tf, threads, without_tuner

NOTE = ".rows.json"
SECONDS_BETWEEN_NOTES = 5
HALF = {"bfloat16", "float16"}


class Features(NamedTuple):
    """The features of one split or batch; row i of all arrays is the same image.

    Attributes:
        features: float16 or float32 (n, height, width, channels), or (n, channels) after pooling.
        labels: int64 (n,).
        keys: str (n,), `<class>/<file>`, in the order of the records.
    """

    features: np.ndarray
    labels: np.ndarray
    keys: np.ndarray


def dtype_of(compute_dtype: str) -> np.dtype:
    """Return the dtype to store features in, float16 for those computed in half precision.

    float16 also keeps the 8 bits of precision of bfloat16, in half the bytes of float32.
    """
    return np.dtype(np.float16 if compute_dtype in HALF else np.float32)


def write_features(
    batches: Iterable[Features],
    folder: Path,
    shape: tuple[int, ...],
    dtype: np.dtype,
    done: int = 0,
) -> None:
    """Write one split, batch by batch; equal arrays become equal files.

    Args:
        batches: in the order of the records; those of rows that are done have no features.
        folder: folder of the split.
        shape: shape of all features together, (n, ...).
        dtype: dtype to store the features in.
        done: number of rows that an earlier run wrote, see `finished_rows`.

    Raises:
        UserError: a feature is infinite, not a number or too large for `dtype`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    labels, keys = [], []
    header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    rows, noted = done, time.monotonic()
    with (folder / "features.npy").open("r+b" if done else "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        # What an earlier run wrote after its last note is written again.
        file.seek(done * dtype.itemsize * math.prod(shape[1:]), os.SEEK_CUR)
        file.truncate()
        for batch in batches:
            with np.errstate(over="ignore"):
                features = batch.features.astype(dtype)
            finite = np.isfinite(features).all(axis=tuple(range(1, features.ndim)))
            if not finite.all():
                why = f"the features of {batch.keys[~finite][0]} are not all finite as {dtype}"
                raise UserError(f"{why}; set extract.precision to 'float32'")
            file.write(features.tobytes())
            labels.append(batch.labels)
            keys.append(batch.keys)
            rows += len(features)
            if time.monotonic() - noted > SECONDS_BETWEEN_NOTES:
                sync(file)
                write_json(folder / NOTE, rows)
                noted = time.monotonic()
    np.save(folder / "labels.npy", np.concatenate(labels), allow_pickle=False)
    np.save(folder / "keys.npy", np.concatenate(keys), allow_pickle=False)


def finished_rows(folder: Path) -> int:
    """Return how many rows of a split `write_features` has noted as written."""
    try:
        rows: int = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0
    return rows


def load_features(split: str, folder: Path = paths.FEATURES) -> Features:
    """Read one split; the features are a memory map.

    Raises:
        UserError: the extract stage has not run.
    """
    try:
        return Features(
            np.load(folder / split / "features.npy", mmap_mode="r", allow_pickle=False),
            np.load(folder / split / "labels.npy", allow_pickle=False),
            np.load(folder / split / "keys.npy", allow_pickle=False),
        )
    except FileNotFoundError:
        raise UserError(f"there is no {folder}/{split}; run `dvc repro extract`") from None


def feature_batches(
    split: Features, batch_size: int, shuffle_seed: int | None = None
) -> tf.data.Dataset:
    """Return batches of features and labels of all rows; the last batch may be smaller.

    Args:
        split: the features to read.
        batch_size: number of rows per batch.
        shuffle_seed: seed of the order, which differs in each epoch; None keeps the order of the
            rows.
    """
    rows = tf.data.Dataset.from_tensor_slices((np.arange(len(split.labels)), split.labels))
    rows = without_tuner(rows)
    if shuffle_seed is not None:
        rows = rows.shuffle(len(split.labels), seed=shuffle_seed)

    def read(row: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        features = tf.numpy_function(
            split.features.__getitem__, [row], split.features.dtype, stateful=False
        )
        return tf.ensure_shape(features, [None, *split.features.shape[1:]]), label

    return rows.batch(batch_size).map(read, num_parallel_calls=threads()).prefetch(PREFETCH)
