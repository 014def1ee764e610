"""Read and write `data/tfrecords/dataset.json`, which describes the TFRecords; no TensorFlow."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import write_json

FILE = "dataset.json"


@dataclass(frozen=True)
class Split:
    """The number of examples in each shard, in order, and of each class, in one split."""

    shards: dict[str, int]
    classes: dict[str, int]

    @property
    def examples(self) -> int:
        """Return the total number of examples."""
        return sum(self.shards.values())


@dataclass(frozen=True)
class Dataset:
    """The TFRecords of all splits.

    Attributes:
        classes: names in the order of their labels, 0 first.
        image_shape: height, width, channels of every image, uint8.
        encoding: encoding of the images: `raw` (uint8 pixels in C order), `png` or `jpeg`.
        splits: train, validation and test.
    """

    classes: list[str]
    image_shape: list[int]
    encoding: str
    splits: dict[str, Split]

    def class_counts(self, split: str) -> list[int]:
        """Return the number of examples per label in the split."""
        return [self.splits[split].classes[name] for name in self.classes]

    def save(self, folder: Path) -> None:
        """Write `dataset.json`, with the number of examples per split for human readers."""
        splits = {
            name: {**asdict(split), "examples": split.examples}
            for name, split in self.splits.items()
        }
        write_json(folder / FILE, {**asdict(self), "splits": splits})


def load_dataset(folder: Path = paths.TFRECORDS) -> Dataset:
    """Read `dataset.json`.

    Raises:
        UserError: the preprocess stage has not run.
    """
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"there is no {folder / FILE}; run `dvc repro preprocess`") from None
    splits = {
        # JSON sorts the shards by name, which is their order.
        name: Split(shards=split["shards"], classes=split["classes"])
        for name, split in content.pop("splits").items()
    }
    return Dataset(**content, splits=splits)
