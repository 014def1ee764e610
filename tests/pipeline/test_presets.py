"""Each preset through the real pipeline, on an archive like its own, with a few images an epoch."""

import json

import pytest

from tests.commands import dvc, make_repository
from tests.image_archives import pack, png
from tests.networks.test_networks import PARAMETERS

TEN = [str(i) for i in range(10)]
# The files of each source's archive: where the images of a split and class lie, and the classes.
LAYOUTS = {
    "cat-and-dog": ("{split}_set/{split}_set/{label}s/{label}.{i}.jpg", ["cat", "dog"]),
    "chest-xray": ("chest_xray/{split}/{label}/{i}.jpeg", ["NORMAL", "PNEUMONIA"]),
    "chest-xray-lab": ("chest_xray/{split}/{label}/{i}.jpeg", ["NORMAL", "PNEUMONIA"]),
    "cifar10": ("{split}/{label}/{i}.png", TEN),
    "cifar10-dropout": ("{split}/{label}/{i}.png", TEN),
    "cifar10-intro": ("{split}/{label}/{i}.png", TEN),
    "dogs-vs-cats": ("train/{label}.{split}{i}.jpg", ["cat", "dog"]),
    "fashion-mnist": ("{split}/{label}/{i}.png", TEN),
    "lenet5": ("{split}/{label}/{i}.png", TEN),
}
FEW = ["train.epochs=1", "train_head.epochs=1", "extract.weights=none"]

pytestmark = pytest.mark.slow


def test_no_preset_is_left_out():
    assert set(LAYOUTS) == set(PARAMETERS) - {"default"}


@pytest.mark.parametrize("name", LAYOUTS)
def test_it_trains_and_judges_both_models(name, tmp_path):
    path, labels = LAYOUTS[name]
    split_names = ["training", "test"] if "{split}_set" in path else ["train", "test"]
    files = {
        path.format(split=split, label=label, i=i): png(split, label, i)
        for split in split_names
        for label in labels
        for i in range(6)
    }
    (tmp_path / "own.zip").write_bytes(pack(files))
    archive = ["download.kind=archive", "download.name=", f"download.path={tmp_path}/own.zip"]
    folder = make_repository(tmp_path / "repository", name, *archive, *FEW)
    dvc(folder, "repro")
    organize, train, head, scores = (
        json.loads((folder / f"metrics/{stage}.json").read_text())
        for stage in ("organize", "train", "train_head", "evaluate")
    )
    per_class = organize["organize"]["per_class"]
    assert len(per_class) == len(labels)
    if name == "dogs-vs-cats":
        assert scores["examples"] == 4  # A fifth of 24, in whole images of each class.
    else:
        assert all(x["test"] == 6 and x["train"] + x["validation"] == 6 for x in per_class)
    assert train["train"]["parameters"] == PARAMETERS[name][0]
    assert head["train_head"]["parameters"] == PARAMETERS[name][1]
    assert scores["examples"] == sum(x["test"] for x in per_class)
    assert {"scratch", "transfer"} < set(scores)
