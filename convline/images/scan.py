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
from convline.images.decoding import EXTENSIONS, BadImage, is_image_name, measure
from convline.images.labels import split_of
from convline.runtime.errors import UserError

# A thread takes a batch at a time: at most so many images, and no more once it has so many bytes.
BATCH = 64
BATCH_BYTES = 16 << 20
AHEAD = 4  # batches in memory


class Image(NamedTuple):
    """Facts about an image that can be decoded: file size in bytes, height and width in pixels."""

    sha256: bytes
    size: int
    height: int
    width: int

    def identity(self, name: str) -> tuple[bytes, str, str | None]:
        """Return what an image and a copy of it elsewhere in the archive have in common."""
        return self.sha256, name.rsplit("/", 1)[-1], split_of(name)


Found = list[tuple[str, Image | str]]


def inspect_all(archive: Path) -> tuple[dict[str, Image], dict[str, str]]:
    """Return the images that can be decoded, by name, and the reasons why the others cannot.

    Raises:
        UserError: the archive has no images, or two with the same name.
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
        endings = ", ".join(sorted(EXTENSIONS))
        raise UserError(f"no images found in {archive}; supported file name extensions: {endings}")
    return images, bad


def _inspect(archive: Path) -> Iterator[tuple[str, Image | str]]:
    """Decode in threads (Pillow's decoders release the interpreter lock); yield in order."""
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
