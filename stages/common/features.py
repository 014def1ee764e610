"""`data/features/<split>.npz`: bottleneck features that never part from their labels and keys."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from stages.common import paths
from stages.common.command import UserError
from stages.common.files import fresh_file


class Features(NamedTuple):
    """The features of one split, row i of each belonging together.

    Attributes:
        features: float32 (n, height, width, channels), or (n, channels) after pooling.
        labels: int64 (n,).
        keys: str (n,), `<class>/<file>`, in the order of the records.
    """

    features: np.ndarray
    labels: np.ndarray
    keys: np.ndarray


def save_features(features: Features, folder: Path, split: str) -> None:
    """Write `<split>.npz`; equal arrays give equal bytes."""
    with fresh_file(folder / f"{split}.npz") as partial:
        np.savez(partial, allow_pickle=False, **features._asdict())


def load_features(split: str, folder: Path = paths.FEATURES) -> Features:
    """Read `<split>.npz`.

    Raises:
        UserError: the extract stage did not run yet.
    """
    try:
        with np.load(folder / f"{split}.npz", allow_pickle=False) as arrays:
            return Features(arrays["features"], arrays["labels"], arrays["keys"])
    except FileNotFoundError:
        raise UserError(f"there is no {folder}/{split}.npz; run `dvc repro extract`") from None
