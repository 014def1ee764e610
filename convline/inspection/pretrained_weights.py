"""Choose pre-trained weights that this machine has, or can download."""

import os
import urllib.error
import urllib.request

from convline.inspection.choice import Choice
from convline.runtime import paths

FOLDER = "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/"
FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
TIMEOUT = 3  # seconds


def choose_weights(backbone: object) -> Choice:
    """Return the choice of `extract.weights`."""
    if backbone != "vgg16":
        return Choice("extract.weights", "imagenet", "Keras downloads them once")
    if _cached():
        return Choice("extract.weights", "imagenet", "they are in Keras's cache")
    if _reachable():
        return Choice("extract.weights", "imagenet", "Keras downloads them once (59 MB)")
    why = "ImageNet's are not in Keras's cache, and the network is not reachable; on photographs"
    return Choice("extract.weights", "hed", f"{why}, these are weaker")


def _cached() -> bool:
    home = paths.expand_home(os.environ.get("KERAS_HOME", "~/.keras"))
    return (home / "models" / FILE).is_file()


def _reachable() -> bool:
    request = urllib.request.Request(FOLDER + FILE, method="HEAD")  # noqa: S310 (a constant)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT):  # noqa: S310
            return True
    except (OSError, urllib.error.URLError):
        return False
