"""Features on disk: with their labels and keys, in a precision that represents them."""

import numpy as np
import pytest

from convline.records.features import (
    Features,
    dtype_of,
    feature_batches,
    load_features,
    write_features,
)
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_dir

HALF, SINGLE = np.dtype(np.float16), np.dtype(np.float32)


@pytest.mark.parametrize("row", [(512,), (2, 3, 4)])
@pytest.mark.parametrize("dtype", [HALF, SINGLE])
def test_what_is_written_is_read_through_a_memory_map(workspace, row, dtype):
    batches = computed(10, row, batch_size=4)
    write_features(batches, paths.FEATURES / "train", (10, *row), dtype)
    loaded = load_features("train")
    assert isinstance(loaded.features, np.memmap)
    assert loaded.features.dtype == dtype
    features, labels, keys = (np.concatenate(x) for x in zip(*batches, strict=True))
    assert np.array_equal(loaded.features, features.astype(dtype))
    assert loaded.labels.tolist() == labels.tolist()
    assert loaded.keys.tolist() == keys.tolist()
    assert loaded.labels.dtype == np.int64


def test_the_files_do_not_depend_on_the_batch_size(workspace):
    for batch_size in (3, 10):
        folder = paths.FEATURES / str(batch_size)
        write_features(computed(10, (8,), batch_size), folder, (10, 8), SINGLE)
    for name in ("features.npy", "labels.npy", "keys.npy"):
        assert (paths.FEATURES / "3" / name).read_bytes() == (
            paths.FEATURES / "10" / name
        ).read_bytes()


def test_half_precision_is_kept_in_half_the_bytes():
    kept = {name: dtype_of(name) for name in ("float32", "bfloat16", "float16")}
    assert kept == {"float32": SINGLE, "bfloat16": HALF, "float16": HALF}


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(np.inf, SINGLE), (np.nan, SINGLE), (-np.inf, HALF), (np.nan, HALF), (70000.0, HALF)],
)
def test_a_feature_that_cannot_be_stored_is_refused_and_nothing_is_left(workspace, value, dtype):
    batches = computed(10, (8,), batch_size=4)
    batches[1].features[2, 3] = value
    expected = rf"of 0/6 are not all finite as {dtype}; set extract\.precision to 'float32'"
    with pytest.raises(UserError, match=expected), fresh_dir(paths.FEATURES) as folder:
        write_features(batches, folder / "train", (10, 8), dtype)
    assert not paths.FEATURES.exists()
    assert not list(paths.FEATURES.parent.iterdir())


def test_the_largest_number_of_half_precision_is_kept(workspace):
    batches = computed(10, (8,), batch_size=4)
    batches[1].features[2, 3] = 65504
    write_features(batches, paths.FEATURES / "train", (10, 8), HALF)
    assert load_features("train").features.max() == 65504


def test_without_features_the_message_names_the_stage_to_run(workspace):
    with pytest.raises(UserError, match="run `dvc repro extract`"):
        load_features("train")


def test_batches_in_order_hold_all_rows(workspace):
    split = written(10)
    batches = feature_batches(split, 4)
    assert batches.cardinality() == 3
    assert batches.options().autotune.enabled is False  # Its end would wait for the tuner.
    found = list(batches.as_numpy_iterator())
    assert [features.shape for features, _ in found] == [(4, 8), (4, 8), (2, 8)]
    assert np.array_equal(np.concatenate([features for features, _ in found]), split.features)
    assert np.concatenate([labels for _, labels in found]).tolist() == split.labels.tolist()


def test_each_epoch_is_shuffled_differently_and_repeats_by_seed(workspace):
    split = written(50)

    def epochs(seed):
        batches = feature_batches(split, 4, seed)
        return [rows_of(batches, split) for _ in range(2)]

    first, second = epochs(7)
    assert sorted(first) == sorted(second) == list(range(50))
    assert list(range(50)) != first != second
    assert epochs(7) == [first, second]
    assert epochs(8)[0] != first


def rows_of(batches, split: Features) -> list[int]:
    """Return the row of `split` that each example is; check its label."""
    rows = []
    for features, labels in batches.as_numpy_iterator():
        for row, label in zip(features, labels, strict=True):
            (number,) = np.flatnonzero((split.features == row).all(axis=1))
            assert label == split.labels[number]
            rows.append(int(number))
    return rows


def written(examples: int) -> Features:
    folder = paths.FEATURES / "train"
    write_features(computed(examples, (8,), batch_size=4), folder, (examples, 8), HALF)
    return load_features("train")


def computed(examples: int, row: tuple[int, ...], batch_size: int) -> list[Features]:
    random = np.random.default_rng(0)
    features = random.normal(size=(examples, *row)).astype(np.float32)
    labels = np.arange(examples) % 3
    keys = np.array([f"{label}/{i}" for i, label in enumerate(labels)])
    starts = range(0, examples, batch_size)
    return [Features(*(x[i : i + batch_size] for x in (features, labels, keys))) for i in starts]
