"""Decode every image of an archive once, to find bad ones and to measure the others."""

import hashlib
import math
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from tqdm import tqdm

from convline.images.archives import Member, open_members
from convline.images.decoding import BadImage, decode_with_facts
from convline.images.file_kinds import LFS, classify, no_images
from convline.images.image_cache import ImageCache
from convline.images.image_formats import HEAD, ending, image_endings
from convline.images.perceptual_hash import LEAST, perceptual_hash
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
        fingerprint: perceptual hash; None for small images, or if none was asked for.
        loses_low_bytes: True for 16-bit colour, of which the high bytes alone are read.
    """

    sha256: bytes
    size: int
    height: int
    width: int
    peak: int | None = None
    fingerprint: bytes | None = None
    loses_low_bytes: bool = False


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
        known = self.images.get(name) or self.bad.get(name) or self.ignored.get(name)
        if known is None:
            kind: dict[str, Any] = self.images if isinstance(found, Image) else self.bad
            kind[name] = found
        elif known == found:
            self.repeated[name] += 1
        else:
            raise UserError(f"two different files are named '{name}'; rename one of them")

    def ignore(self, name: str, why: str) -> None:
        """Add a file that is not read.

        Raises:
            UserError: an image has this name.
        """
        if name in self.images or name in self.bad:
            raise UserError(f"two different files are named '{name}'; rename one of them")
        if name in self.ignored:
            self.repeated[name] += 1
        self.ignored[name] = why


AGAIN = "dvc repro --force --single-item download"  # DVC does not see that a folder changed.
NOT_SELECTED = "not selected by organize.include and organize.exclude"

Result = TypeVar("Result")


def inspect_all(
    archive: Path, organize: Organize, selected: Callable[[str], bool], cache: ImageCache
) -> Scan:
    """Decode the selected images of an archive, and sort all of its files.

    Args:
        archive: a zip or tar.
        organize: the section `organize`.
        selected: returns False for the names of files to leave out.
        cache: gets the bytes of each image that can be decoded.

    Raises:
        UserError: the archive has no images, or two different ones with the same name.
    """
    scan = Scan()
    members = open_members(archive, organize.metadata_encoding, scan.litter)
    images = image_members(members, selected, scan)
    whole = ((name, head + member.read()) for name, head, member in images)
    inspect = partial(_inspect, cache=cache, hashed=organize.near_duplicates != "off")
    # disable=None: no bar if the output is not a terminal.
    for name, result in tqdm(in_threads(whole, inspect), "decode", unit=" images", disable=None):
        scan.add(name, result)
    return not_empty(scan, archive)


def refuse_bad(scan: Scan, limit: int | str) -> None:
    """Raise an error if all images are bad, or more than `organize.max_bad_images` allows.

    Args:
        scan: the archive's files.
        limit: a number of images, or a share of all of them such as `1%`.
    """
    bad, total = len(scan.bad), len(scan.bad) + len(scan.images)
    allowed = Decimal(limit.rstrip("%")) * total / 100 if isinstance(limit, str) else limit
    if bad <= allowed and scan.images:
        return
    if set(scan.bad.values()) == {LFS}:
        pointers = f"{bad:,} of {total:,} images are Git LFS pointers, not the files"
        raise UserError(f"{pointers}; run `git lfs pull`, then `{AGAIN}`")
    lines = [f"  {name}: {why}" for name, why in islice(sorted(scan.bad.items()), 10)]
    more = [f"  ... and {bad - 10:,} more"] * (bad > 10)
    would = f"{bad} (or {math.ceil(100 * bad / total)}%) would leave them out"
    counts = f"{bad:,} of {total:,} images cannot be decoded"
    headline = f"{counts}; organize.max_bad_images is {limit}, and {would}:"
    if not scan.images:
        headline = f"none of the {total:,} images can be decoded:"
    raise UserError("\n".join([headline, *lines, *more]))


def not_empty(scan: Scan, archive: Path) -> Scan:
    """Return the scan; raise an error if it has no image."""
    if not scan.images and not scan.bad:
        raise UserError(no_images(archive, scan.ignored))
    return scan


def image_members(
    members: Iterator[tuple[str, Member]], selected: Callable[[str], bool], scan: Scan
) -> Iterator[tuple[str, bytes, Member]]:
    """Yield name, bytes that were read already, and the rest of each image; add others to `scan`.

    Files whose names do not end as those of images are read no further than their beginning.
    """
    for name, member in members:
        if not selected(name):
            scan.ignore(name, NOT_SELECTED)
        elif ending(name) in image_endings():
            yield name, b"", member
        else:
            head = member.read(HEAD)
            verdict, reason = classify(name, head)
            if verdict == "ignored":
                scan.ignore(name, reason)
            else:
                yield name, head, member


def in_threads(
    images: Iterator[tuple[str, bytes]], work: Callable[[str, bytes], Result]
) -> Iterator[tuple[str, Result]]:
    """Decode in threads (Pillow's decoders release the interpreter lock); yield in order.

    Args:
        images: name and bytes of each image.
        work: function of name and bytes.
    """

    def work_on(batch: list[tuple[str, bytes]]) -> list[tuple[str, Result]]:
        return [(name, work(name, data)) for name, data in batch]

    running: deque[Future[list[tuple[str, Result]]]] = deque()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        while batch := _next_batch(images):
            running.append(pool.submit(work_on, batch))
            if len(running) == AHEAD:
                yield from running.popleft().result()
        while running:
            yield from running.popleft().result()


def _next_batch(images: Iterator[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    batch = []
    size = 0
    for name, data in images:
        batch.append((name, data))
        size += len(data)
        if len(batch) == BATCH or size >= BATCH_BYTES:
            break
    return batch


def _inspect(name: str, data: bytes, *, cache: ImageCache, hashed: bool) -> Image | str:
    try:
        # At the smallest scale, which reads all of a JPEG as well.
        decoded = decode_with_facts(data, "rgb", LEAST if hashed else 1, name=name)
        fingerprint = perceptual_hash(decoded.image, *decoded.size) if hashed else None
    except BadImage as error:
        return str(error)
    digest = hashlib.sha256(data).digest()
    cache.add(name, data)
    height, width = decoded.size
    loses = decoded.loses_low_bytes
    return Image(digest, len(data), height, width, decoded.peak, fingerprint, loses)
