"""Read the images of an archive again, those of the first gigabyte from a temporary file."""

from collections.abc import Collection, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from types import TracebackType
from typing import Self

from convline.images.archives import read_members

# 60,000 small images of a compressed tar take 3.4 s to read again, from the file 0.1 s. Photographs
# beyond this size would fill the disk, and take long to decode anyway.
MAX_BYTES = 1 << 30


class ImageCache:
    """The images that were added, by name; a context that removes its file at the end."""

    def __init__(self, archive: Path, encoding: str | None, folder: Path) -> None:
        """Keep nothing yet.

        Args:
            archive: the archive that contains the images.
            encoding: `organize.metadata_encoding`.
            folder: folder with room for temporary files, unlike /tmp on many machines.
        """
        self._archive, self._encoding, self.folder = archive, encoding, folder
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 (see __exit__)
        self._size = 0
        self._places: dict[str, tuple[int, int]] = {}
        self._lock = Lock()

    def __enter__(self) -> Self:
        """Return the cache."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the file."""
        self._file.close()

    def add(self, name: str, data: bytes) -> None:
        """Keep the bytes of an image, if there is room; threads may call this."""
        with self._lock:
            if self._size + len(data) <= MAX_BYTES:
                self._file.write(data)
                self._places[name] = (self._size, len(data))
                self._size += len(data)

    def read(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """Yield name and bytes of these images, each once."""
        self._file.flush()
        for name in names:
            if name in self._places:
                start, size = self._places[name]
                self._file.seek(start)
                yield name, self._file.read(size)
        others = {name for name in names if name not in self._places}
        if others:
            for name, data in read_members(self._archive, others.__contains__, self._encoding):
                if name in others:  # An archive beside its unpacked folder has it twice.
                    others.remove(name)
                    yield name, data
