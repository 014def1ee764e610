"""`data/tfrecords/dataset.json`: what the TFRecords beside it hold. No TensorFlow here."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import write_json

FILE = "dataset.json"


@dataclass(frozen=True)
class Split:
    """One split: its shards in order, and how many examples each shard and each class has."""

    shards: dict[str, int]
    classes: dict[str, int]

    @property
    def examples(self) -> int:
        """How many there are in all."""
        return sum(self.shards.values())


@dataclass(frozen=True)
class Dataset:
    """All splits.

    Attributes:
        classes: names in the order of their labels, 0 first.
        image_shape: height, width, channels of every image, uint8.
        encoding: of the feature `image`: `raw` (height, width, channels), `png` or `jpeg`.
        splits: train, validation and test.
    """

    classes: list[str]
    image_shape: list[int]
    encoding: str
    splits: dict[str, Split]

    def class_counts(self, split: str) -> list[int]:
        """How many examples of each label the split has."""
        return [self.splits[split].classes[name] for name in self.classes]

    def save(self, folder: Path) -> None:
        """Write `dataset.json`, with the sums of the examples for whoever reads it by eye."""
        splits = {
            name: {**asdict(split), "examples": split.examples}
            for name, split in self.splits.items()
        }
        write_json(folder / FILE, {**asdict(self), "splits": splits})


def load_dataset(folder: Path = paths.TFRECORDS) -> Dataset:
    """Read `dataset.json`.

    Raises:
        UserError: the preprocess stage did not run yet.
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
