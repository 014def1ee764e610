"""Keras's small data sets: mnist, fashion_mnist, cifar10, cifar100.

Y. LeCun et al., "Gradient-based learning applied to document recognition", 1998 (MNIST); H. Xiao et
al., "Fashion-MNIST", 2017, https://arxiv.org/abs/1708.07747; A. Krizhevsky, "Learning multiple
layers of features from tiny images", 2009 (CIFAR).
"""

import gzip
import io
import os
import pickle
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

from PIL import Image
from tqdm import tqdm

from convline.params.schema import Download
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.native_log import without_native_log
from convline.sources.provenance import Provenance

CLASSES = {
    "mnist": "0 1 2 3 4 5 6 7 8 9",
    "fashion_mnist": "t-shirt trouser pullover dress coat sandal shirt sneaker bag ankle_boot",
    "cifar10": "airplane automobile bird cat deer dog frog horse ship truck",
    "cifar100": (
        "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus "
        "butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach "
        "couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster "
        "house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree "
        "motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear "
        "pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket "
        "rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar "
        "sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip "
        "turtle wardrobe whale willow_tree wolf woman worm"
    ),
}
# What a data set is in ~/.keras/datasets: files, or folders beside their archives.
CACHED = {
    "mnist": "mnist.npz",
    "fashion_mnist": "fashion-mnist/*.gz",
    "cifar10": "cifar-10-batches-py*",
    "cifar100": "cifar-100-python*",
}
# Errors of gzip, NumPy, zipfile, tarfile and Keras for files that are cut off or damaged.
DAMAGED = (
    EOFError,
    ValueError,
    gzip.BadGzipFile,
    pickle.UnpicklingError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
LICENCES = {"fashion_mnist": "MIT"}


def fetch(download: Download, into: Path) -> Provenance:
    """Write the arrays as PNG files, `<train or test>/<class>/<number>.png`, in a zip.

    Raises:
        UserError: the data set is not in Keras's cache and cannot be downloaded, or a file there
            is damaged.
    """
    name = str(download.name)
    classes = CLASSES[name].split()
    with zipfile.ZipFile(into / f"{name}.zip", "w") as archive:
        for split, (images, labels) in zip(("train", "test"), _load(name), strict=True):
            # disable=None: no bar if the output is not a terminal.
            pairs = tqdm(zip(images, labels.ravel(), strict=True), split, len(images), disable=None)
            for number, (image, label) in enumerate(pairs):
                png = io.BytesIO()
                Image.fromarray(image).save(png, "PNG")
                # A ZipInfo without a date gets a fixed one, 1980-01-01.
                info = zipfile.ZipInfo(f"{split}/{classes[label]}/{number:05d}.png")
                archive.writestr(info, png.getvalue())
    return Provenance(f"{name}.zip", name, licence=LICENCES.get(name))


def _load(name: str) -> Any:
    """Return the training and the test split, uint8, from ~/.keras or the network."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with without_native_log():
        import keras  # noqa: PLC0415 (5 s of CPU time, which other sources do not need)

    cache = _cache()
    found = sorted(cache.glob(CACHED[name]))
    try:
        return getattr(keras.datasets, name).load_data()
    except DAMAGED as error:
        files = sorted(cache.glob(CACHED[name]))
        shown = "".join(f"\n  {file}" for file in [x for x in files if _is_cut_off(x)] or files)
        why = f"Keras's cache contains a file that is cut off or damaged ({error})"
        raise UserError(f"{why}; delete it and run again:{shown}") from error
    except Exception as error:
        if "URL fetch failure" not in str(error):
            raise
        # Keras has deleted a file that it could not replace.
        why = f"{name} is {'incomplete' if found else 'not'} in Keras's cache ({cache})"
        advice = "check the network and run again"
        raise UserError(f"{why} and cannot be downloaded; {advice}\n({error})") from error


def _cache() -> Path:
    """Return the folder of Keras's data sets."""
    home = paths.expand_home(os.environ.get("KERAS_HOME", "~/.keras"))
    if not os.access(home, os.W_OK):  # as in keras.utils.get_file
        home = Path(tempfile.gettempdir(), ".keras")
    return home / "datasets"


def _is_cut_off(file: Path) -> bool:
    """Return True for a gzip file that cannot be read to its end, or that is empty."""
    if file.suffix != ".gz":
        return False
    try:
        with gzip.open(file) as stream:
            return not stream.read()
    except DAMAGED:
        return True
