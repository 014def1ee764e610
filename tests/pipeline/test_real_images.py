"""Real photographs and real ImageNet weights, if $TEST_DATA_DIR contains them."""

import json
import os
from pathlib import Path

import pytest

from tests.commands import apply_preset, dvc, make_repository, python

DATA = Path(os.environ.get("TEST_DATA_DIR", "no-such-folder")).resolve()
WEIGHTS = DATA.parent / "weights/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="TEST_DATA_DIR is not a folder of images"),
]


def test_vgg16_separates_cats_and_dogs(tmp_path):
    values = [
        "download.kind=archive",
        "download.name=",
        f"download.path={DATA}/dogs-vs-cats.zip",
        f"extract.weights={WEIGHTS}",
        "train.epochs=2",  # The CNN learns nothing in 2; only its size is tested.
    ]
    folder = make_repository(tmp_path / "dogs", "dogs-vs-cats", *values)
    dvc(folder, "repro")
    organize, train, head, scores = (
        json.loads((folder / f"metrics/{name}.json").read_text())
        for name in ("organize", "train", "train_head", "evaluate")
    )
    assert organize["organize"]["images"] == 2000
    assert organize["organize"]["unlabelled"] == 20
    assert train["train"]["parameters"] == 1_355_938
    assert head["train_head"]["parameters"] == 4_326_401
    assert scores["examples"] == 400
    # 0.945 to 0.973 over four seeds; the standard error for 400 images is 0.01.
    assert scores["transfer"]["accuracy"] >= 0.93


def test_chest_xrays_keep_their_own_splits_except_for_duplicates(tmp_path):
    values = ["organize.split_method=folders", "organize.duplicates=together"]
    metrics = organize(tmp_path, "chest-xray-pneumonia.zip", *values)
    assert (metrics["images"], metrics["equal_images"], metrics["moved"]) == (3166, 8, 3)
    assert metrics["per_class"] == [
        {"class": "NORMAL", "train": 1214, "validation": 135, "test": 234},
        {"class": "PNEUMONIA", "train": 1217, "validation": 132, "test": 234},
    ]


def test_cifar10_keeps_its_test_images(tmp_path):
    values = ["organize.split_method=test_folder", "organize.duplicates=together"]
    metrics = organize(tmp_path, "cifar10-images.tar.xz", *values)
    assert metrics["images"] == 60_000
    assert len(metrics["per_class"]) == 10
    assert all(x["train"] + x["validation"] == 5000 for x in metrics["per_class"])
    assert all(x["test"] == 1000 for x in metrics["per_class"])
    assert len(list((tmp_path / "repository/data/organized").rglob("*.jpg"))) == 60_000


def organize(tmp_path: Path, archive: str, *values: str) -> dict[str, int]:
    folder = make_repository(tmp_path / "repository", "default")
    kind = ["download.kind=archive", f"download.path={DATA}/{archive}"]
    apply_preset(folder, "default", *kind, *values)
    for stage in ("download", "organize"):
        result = python(folder, f"stages.{stage}")
        assert result.returncode == 0, result.stderr
    return json.loads((folder / "metrics/organize.json").read_text())["organize"]
