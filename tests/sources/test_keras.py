"""Keras's data sets, from its cache and without a network."""

import gzip
import json
import shutil
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.commands import apply_preset, environment, make_repository, run_in

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
FILES = [
    f"{split}-{what}.gz"
    for split in ("train", "t10k")
    for what in ("images-idx3-ubyte", "labels-idx1-ubyte")
]


def test_cached_arrays_become_png_files_and_keep_their_test_split(repository, home):
    images = fill_cache(home, {"train": 400, "t10k": 20})
    run(repository, home, "stages.download")
    source = json.loads((repository / "data/raw/source.json").read_text())
    assert (source["name"], source["files"], source["licence"]) == ("fashion_mnist", 420, "MIT")
    with (
        zipfile.ZipFile(repository / "data/raw/fashion_mnist.zip") as archive,
        archive.open("train/trouser/00001.png") as png,
    ):
        assert np.array_equal(np.asarray(Image.open(png)), images["train"][1])
    run(repository, home, "stages.organize")
    metrics = json.loads((repository / "metrics/organize.json").read_text())["organize"]
    assert (metrics["train"] + metrics["validation"], metrics["test"]) == (400, 20)


def test_neither_cache_nor_network_is_one_message(repository, home):
    result = run(repository, home, "stages.download", fails=True)
    folder = home / ".keras/datasets"
    assert f"fashion_mnist is not in Keras's cache ({folder}) and cannot be" in result
    assert "Traceback" not in result
    assert not (repository / "data/raw").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        pytest.param(lambda _: b"<html>", marks=pytest.mark.slow),
        pytest.param(lambda _: b"", marks=pytest.mark.slow),
    ],
)
def test_a_damaged_file_in_the_cache_is_named(repository, home, damage):
    fill_cache(home, {"train": 400, "t10k": 20})
    damaged = home / ".keras/datasets/fashion-mnist/train-images-idx3-ubyte.gz"
    damaged.write_bytes(damage(damaged.read_bytes()))
    result = run(repository, home, "stages.download", fails=True)
    assert "Keras's cache contains a file that is cut off or damaged" in result
    assert result.rstrip().endswith(f"; delete it and run again:\n  {damaged}")
    assert "Traceback" not in result


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("mnist", "mnist.npz"),
        pytest.param("cifar10", "cifar-10-batches-py-target_archive", marks=pytest.mark.slow),
    ],
)
def test_a_damaged_file_with_a_checksum_is_downloaded_again(made, tmp_path, home, name, file):
    """Without a network, Keras deletes it."""
    repository = shutil.copytree(made, tmp_path / "other")
    apply_preset(repository, "default", "download.kind=keras", f"download.name={name}")
    (home / ".keras/datasets").mkdir(parents=True)
    (home / ".keras/datasets" / file).write_bytes(b"PK\3\4 cut off")
    result = run(repository, home, "stages.download", fails=True)
    assert f"{name} is incomplete in Keras's cache ({home}/.keras/datasets) and cannot" in result
    assert "Traceback" not in result
    assert not (home / ".keras/datasets" / file).exists()


@pytest.mark.slow
@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_the_real_fashion_mnist_comes_whole(repository, home):
    cache = home / ".keras/datasets/fashion-mnist"
    cache.mkdir(parents=True)
    for file in FILES:
        shutil.copyfile(DEBIAN / file, cache / file)
    run(repository, home, "stages.download")
    run(repository, home, "stages.organize")
    metrics = json.loads((repository / "metrics/organize.json").read_text())["organize"]
    assert (metrics["images"], metrics["n_classes"], metrics["test"]) == (70_000, 10, 10_000)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = make_repository(tmp_path_factory.mktemp("keras"), "default")
    kept = ["organize.split_method=test_folder", "organize.duplicates=together"]
    apply_preset(folder, "default", "download.kind=keras", "download.name=fashion_mnist", *kept)
    return folder


@pytest.fixture
def repository(made, tmp_path):
    return shutil.copytree(made, tmp_path / "repository")


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def fill_cache(home, examples):
    """Files in the form of the real ones, with fewer images; class i at every tenth image."""
    cache = home / ".keras/datasets/fashion-mnist"
    cache.mkdir(parents=True)
    random = np.random.default_rng(0)
    images = {
        split: random.integers(0, 256, (n, 28, 28), np.uint8) for split, n in examples.items()
    }
    for split, pixels in images.items():
        labels = np.arange(len(pixels), dtype=np.uint8) % 10
        header = struct.pack(">IIII", 2051, len(pixels), 28, 28)
        write = {"images-idx3-ubyte": header + pixels.tobytes()}
        write["labels-idx1-ubyte"] = struct.pack(">II", 2049, len(labels)) + labels.tobytes()
        for what, content in write.items():
            (cache / f"{split}-{what}.gz").write_bytes(gzip.compress(content))
    return images


def run(folder, home, module, fails=False):
    nowhere = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    own = {"HOME": str(home), "KERAS_HOME": str(home / ".keras"), **nowhere}
    result = run_in(folder, [sys.executable, "-m", module], environment() | own)
    assert (result.returncode != 0) == fails, result.stderr
    return result.stderr
