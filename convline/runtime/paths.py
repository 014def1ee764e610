"""All paths of the pipeline, relative to the root of the repository."""

import os
from pathlib import Path

PARAMS = Path("params.yaml")
DVC_YAML = Path("dvc.yaml")
DVC_LOCK = Path("dvc.lock")

# Names of image folders, prefixes of TFRecord files, names of feature folders.
SPLITS = ("train", "validation", "test")

DATA = Path("data")
RAW = DATA / "raw"
SOURCE = RAW / "source.json"
ORGANIZED = DATA / "organized"
GROUPS = DATA / "groups.json"
NEAR_DUPLICATES = DATA / "near_duplicates.csv"
TFRECORDS = DATA / "tfrecords"
FEATURES = DATA / "features"
PREDICTIONS = DATA / "predictions"

SCRATCH_MODEL = Path("models/scratch.keras")
HEAD_MODEL = Path("models/head.keras")
CLASSIFIER = Path("models/classifier.keras")
MODEL_CARD = Path("models/README.md")

METRICS = Path("metrics")


def metrics(stage: str) -> Path:
    """Return the file with the metrics of a stage."""
    return METRICS / f"{stage}.json"


def metrics_folder(stage: str) -> Path:
    """Return the folder with the plots of a stage; DVCLive writes those of a training stage."""
    return METRICS / stage


def expand_home(path: str) -> Path:
    """Return the path with `~` replaced by the home folder; unchanged if there is no such user."""
    # Path.expanduser() raises RuntimeError for a file called `~draft.png`.
    return Path(os.path.expanduser(path))  # noqa: PTH111
