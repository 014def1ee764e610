"""Decode every image of an archive once, to find bad ones and to measure the others."""

import hashlib
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from convline.images.archives import read_members
from convline.images.decoding import EXTENSIONS, BadImage, is_image_name, measure
from convline.params.schema import Organize
from convline.runtime.errors import UserError

# A thread takes a batch at a time: at most so many images, and no more once it has so many bytes.
BATCH = 64
BATCH_BYTES = 16 << 20
AHEAD = 4  # batches in memory


class Image(NamedTuple):
    """Facts about an image that can be decoded.

    Attributes:
        sha256: digest of the file.
        size: of the file, in bytes.
        height: in pixels.
        width: in pixels.
        peak: largest value of an image with 16-bit channels; None for other images.
    """

    sha256: bytes
    size: int
    height: int
    width: int
    peak: int | None = None


@dataclass
class Scan:
    """Every file of an archive, by name.

    Attributes:
        images: facts about the images that can be decoded.
        bad: the reasons why other images cannot be decoded.
        ignored: the reasons why the other files are not read.
        repeated: how many more files have the name of one of these (images: and its content), for
            example because an archive is beside the folder that it was unpacked to.
        litter: numbers of files that desktops leave behind, by kind, such as `.DS_Store`.
    """

    images: dict[str, Image] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    ignored: dict[str, str] = field(default_factory=dict)
    repeated: Counter[str] = field(default_factory=Counter)
    litter: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, found: Image | str) -> None:
        """Add an image, or the reason why it is bad.

        Raises:
            UserError: another image has this name.
        """
        known = self.images.get(name) or self.bad.get(name)
        if known is None:
            kind: dict[str, Any] = self.images if isinstance(found, Image) else self.bad
            kind[name] = found
        elif known == found:
            self.repeated[name] += 1
        else:
            raise UserError(f"two different images are named '{name}'; rename one of them")

    def ignore(self, name: str, why: str) -> None:
        """Add a file that is not read."""
        if name in self.ignored:
            self.repeated[name] += 1
        self.ignored[name] = why


NOT_SELECTED = "not selected by organize.include and organize.exclude"

Found = list[tuple[str, Image | str]]


def inspect_all(
    archive: Path,
    organize: Organize,
    selected: Callable[[str], bool],
) -> Scan:
    """Decode the selected images of an archive, and sort all of its files.

    Args:
        archive: a zip or tar.
        organize: the section `organize`.
        selected: returns False for the names of files to leave out.

    Raises:
        UserError: the archive has no images, or two different ones with the same name.
    """
    scan = Scan()

    def wanted(name: str) -> bool:
        if not selected(name):
            scan.ignore(name, NOT_SELECTED)
        elif not is_image_name(name):
            scan.ignore(name, "not an image")
        return name not in scan.ignored

    members = read_members(archive, wanted, organize.metadata_encoding, scan.litter)
    # disable=None: no bar if the output is not a terminal.
    for name, result in tqdm(_inspect(members), "decode", unit=" images", disable=None):
        scan.add(name, result)
    if not scan.images and not scan.bad:
        endings = ", ".join(sorted(EXTENSIONS))
        raise UserError(f"no images found in {archive}; supported file name extensions: {endings}")
    return scan


def _inspect(members: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, Image | str]]:
    """Decode in threads (Pillow's decoders release the interpreter lock); yield in order."""
    running: deque[Future[Found]] = deque()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        while batch := _next_batch(members):
            running.append(pool.submit(_inspect_batch, batch))
            if len(running) == AHEAD:
                yield from running.popleft().result()
        while running:
            yield from running.popleft().result()


def _next_batch(members: Iterator[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    batch = []
    size = 0
    for name, data in members:
        batch.append((name, data))
        size += len(data)
        if len(batch) == BATCH or size >= BATCH_BYTES:
            break
    return batch


def _inspect_batch(batch: list[tuple[str, bytes]]) -> Found:
    return [(name, _inspect_one(data)) for name, data in batch]


def _inspect_one(data: bytes) -> Image | str:
    try:
        height, width = measure(data)
    except BadImage as error:
        return str(error)
    return Image(hashlib.sha256(data).digest(), len(data), height, width)
