"""What the images' paths or a table state about each image: class, split and group."""

from dataclasses import dataclass, field


@dataclass
class LabelSet:
    """Facts about images, by their names in the archive.

    Attributes:
        classes: class of each image that has one.
        splits: train, validation or test, for images that the archive itself assigns to one.
        groups: group, such as a patient, of each image that has one.
        unlabelled: the reason for each image without a class.
        notes: lines to print: what was guessed, or read in one of several ways.
        tables: names of the tables that were read.
    """

    classes: dict[str, str] = field(default_factory=dict)
    splits: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    unlabelled: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    tables: set[str] = field(default_factory=set)
