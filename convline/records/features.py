"""Read and write `data/features/<split>/`: bottleneck features with their labels and keys.

They are NumPy files, read as memory maps, so that shuffling them in training takes no memory.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.tensorflow_setup import PREFETCH, tf, threads, without_tuner

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
    batches: Iterable[Features], folder: Path, shape: tuple[int, ...], dtype: np.dtype
) -> None:
    """Write one split, batch by batch; equal arrays become equal files.

    Args:
        batches: in the order of the records.
        folder: folder of the split, which must not exist yet.
        shape: shape of all features together, (n, ...).
        dtype: dtype to store the features in.

    Raises:
        UserError: a feature is infinite, not a number or too large for `dtype`.
    """
    folder.mkdir(parents=True)
    labels, keys = [], []
    header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    with (folder / "features.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for batch in batches:
            with np.errstate(over="ignore"):
                features = batch.features.astype(dtype)
            finite = np.isfinite(features.reshape(len(features), -1)).all(axis=1)
            if not finite.all():
                why = f"the features of {batch.keys[~finite][0]} are not all finite as {dtype}"
                raise UserError(f"{why}; set extract.precision to 'float32'")
            file.write(features.tobytes())
            labels.append(batch.labels)
            keys.append(batch.keys)
    np.save(folder / "labels.npy", np.concatenate(labels), allow_pickle=False)
    np.save(folder / "keys.npy", np.concatenate(keys), allow_pickle=False)


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
