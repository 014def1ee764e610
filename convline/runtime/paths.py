"""Every path of the pipeline, written once, relative to the root of the repository."""

from pathlib import Path

PARAMS = Path("params.yaml")

# Folders of images, prefixes of TFRecords, names of features.
SPLITS = ("train", "validation", "test")

DATA = Path("data")
RAW = DATA / "raw"
SOURCE = RAW / "source.json"
ORGANIZED = DATA / "organized"
GROUPS = DATA / "groups.json"
TFRECORDS = DATA / "tfrecords"
FEATURES = DATA / "features"
PREDICTIONS = DATA / "predictions"

SCRATCH_MODEL = Path("models/scratch.keras")
HEAD_MODEL = Path("models/head.keras")
CLASSIFIER = Path("models/classifier.keras")
MODEL_CARD = Path("models/README.md")

METRICS = Path("metrics")


def metrics(stage: str) -> Path:
    """The file with the figures of one stage."""
    return METRICS / f"{stage}.json"


def metrics_folder(stage: str) -> Path:
    """The folder with the plots of one stage: those of a training stage are DVCLive's."""
    return METRICS / stage
