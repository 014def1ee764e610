"""Decode every image of an archive once, to find bad ones and to measure the others."""

import hashlib
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from convline.images.archives import read_members
from convline.images.decoding import BadImage, is_image_name, measure
from convline.images.labels import split_of
from convline.runtime.errors import UserError

BATCH = 64  # images that a thread takes at a time, or
BATCH_BYTES = 16 << 20
AHEAD = 4  # batches in memory


class Image(NamedTuple):
    """Facts about an image that can be decoded; `size` is the size of the file in bytes."""

    sha256: bytes
    size: int
    height: int
    width: int

    def identity(self, name: str) -> tuple[bytes, str, str | None]:
        """Return what an image has in common with its copy elsewhere in the archive."""
        return self.sha256, name.rsplit("/", 1)[-1], split_of(name)


Found = list[tuple[str, Image | str]]


def inspect_all(archive: Path) -> tuple[dict[str, Image], dict[str, str]]:
    """Return the images that can be decoded, by name, and the reasons why the others cannot.

    Raises:
        UserError: the archive has no image, or two with the same name.
    """
    images: dict[str, Image] = {}
    bad: dict[str, str] = {}
    # disable=None: no bar if the output is not a terminal.
    for name, result in tqdm(_inspect(archive), "decode", unit=" images", disable=None):
        if name in images or name in bad:
            raise UserError(f"{archive} has two images named '{name}'; rename one of them")
        if isinstance(result, Image):
            images[name] = result
        else:
            bad[name] = result
    if not images and not bad:
        raise UserError(f"{archive} has no image in it; images are known by endings such as .jpg")
    return images, bad


def _inspect(archive: Path) -> Iterator[tuple[str, Image | str]]:
    """Decode in threads (Pillow's decoders run without the interpreter lock), in order."""
    members = read_members(archive, is_image_name)
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
