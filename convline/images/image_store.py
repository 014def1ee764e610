"""Keep the bytes of images in files until it is known where they belong.

Reading a compressed archive of 60,000 small images again takes longer than writing and moving them.
"""

import shutil
from pathlib import Path


class ImageStore:
    """A folder of files that are named by their content."""

    def __init__(self, folder: Path) -> None:
        """Use an empty folder; 256 folders inside keep each of them short."""
        self._folder = folder
        for number in range(256):
            (folder / f"{number:02x}").mkdir()

    def add(self, digest: bytes, data: bytes) -> None:
        """Write the bytes with this SHA-256; threads may do so at the same time."""
        try:
            with self._path(digest).open("xb") as file:
                file.write(data)
        except FileExistsError:  # another image has the same bytes
            pass

    def read(self, digest: bytes) -> bytes:
        """Return the bytes with this SHA-256."""
        return self._path(digest).read_bytes()

    def copy(self, digest: bytes, target: Path) -> None:
        """Write the bytes with this SHA-256 to another file."""
        shutil.copyfile(self._path(digest), target)

    def move(self, digest: bytes, target: Path) -> None:
        """Do the same, and remove them from the store."""
        self._path(digest).rename(target)

    def _path(self, digest: bytes) -> Path:
        name = digest.hex()
        return self._folder / name[:2] / name
