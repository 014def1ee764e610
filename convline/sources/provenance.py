"""What is known of an archive of images beyond its bytes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Provenance:
    """Facts that a source gives with the archive that it wrote.

    Attributes:
        file: the archive's name in data/raw.
        name: the data set's name in its own place.
        version: which state of it, where the place counts them.
        licence: under what terms, where the place says so.
    """

    file: str
    name: str
    version: str | None = None
    licence: str | None = None
