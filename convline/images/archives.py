"""Read archives member by member, archives inside archives too, without unpacking them.

The format, zip or tar (plain, gzip, bzip2, xz), is detected by content. Nothing is ever written to
the path that a member names. Links, devices and paths outside the archive's folder are refused all
the same: most archives with one are broken or malicious.
"""

import lzma
import math
import re
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

from convline.images.archive_kinds import UNPACK
from convline.images.archive_members import (
    CHUNK,
    REFUSED,
    File,
    Members,
    folder_members,
    tar_members,
    zip_members,
)
from convline.images.zip_names import utf8_name
from convline.runtime.errors import UserError

INNER = re.compile(r"\.(zip|tar|tgz|tbz2?|txz|tar\.(gz|bz2|xz))$", re.IGNORECASE)
LITTER = {".DS_Store", ".git", ".ipynb_checkpoints", "__MACOSX", "Thumbs.db", "desktop.ini"}
# A photograph takes 1 to 30 MB; a member beyond this is refused before it fills the memory.
MAX_MEMBER = 1 << 28
SMALL = 1e9  # bytes that any archive may have unpacked
MAX_DEPTH = 8  # archives inside archives
# 8 levels of 16 archives would be 4 billion; opening 100,000 took 47 s.
MAX_INNER = 100_000

BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError)
ERRORS = (*BROKEN, OSError, RuntimeError)  # NotImplementedError is a RuntimeError


class Member:
    """A file of an archive, opened when it is read; the errors of its reader name the archive.

    Attributes:
        size: in bytes, as the archive states it.
    """

    def __init__(self, file: File, name: str, label: str) -> None:
        self.size = file.size
        self._open, self._name, self._label = file.open, name, label
        self._stream: IO[bytes] | None = None

    def close(self) -> None:
        """Close the file, if it was read."""
        if self._stream:
            self._stream.close()

    def read(self, size: int = -1) -> bytes:
        """Return the next `size` bytes, or all that are left, up to `MAX_MEMBER`.

        Raises:
            UserError: the archive is damaged, or more than `MAX_MEMBER` bytes are left.
        """
        try:
            self._stream = self._stream or self._open()
            data = self._stream.read(MAX_MEMBER + 1 if size < 0 else size)
        except ERRORS as error:
            _raise_named(error, self._label)
        if len(data) > MAX_MEMBER:
            where = f"{self._label}: '{self._name}'"
            raise UserError(f"{where} is larger than {MAX_MEMBER >> 20} MiB unpacked")
        return data


def open_members(
    archive: Path,
    encoding: str | None = None,
    litter: Counter[str] | None = None,
    wanted: Callable[[str], bool] = lambda _: True,
    label: str = "",
) -> Iterator[tuple[str, Member]]:
    """Yield name and stream of each file, in the order of the archive.

    A stream can be read until the next one is asked for: `stream.read(64)`, then `stream.read()`
    for the rest, or nothing. The name of a file of an inner archive starts with that archive's own
    name, without its extensions: `train/cat.0.jpg` in `train.zip` is `train/train/cat.0.jpg`.

    Args:
        archive: a zip, a tar or a folder.
        encoding: of the names in a zip that are not marked as UTF-8 (`organize.metadata_encoding`);
            None to detect UTF-8.
        litter: gets the numbers of skipped files by kind: `.DS_Store`, `__MACOSX`, `._*`.
        wanted: returns False for the names of files to skip.
        label: the archive, for messages; empty for its file name.

    Raises:
        UserError: `archive` is damaged, encrypted or not an archive, or a member is refused.
    """
    label = label or archive.name
    walk = _Walk(encoding, Counter() if litter is None else litter)
    with _open(archive) as stream:
        files = (
            walk.archive(stream, label) if stream else walk.members(folder_members(archive), label)
        )
        try:
            for file in files:
                if wanted(file.name):
                    with closing(Member(file, file.name, label)) as member:
                        yield file.name, member
        except ERRORS as error:
            _raise_named(error, label)


def read_members(
    archive: Path,
    wanted: Callable[[str], bool],
    encoding: str | None = None,
    litter: Counter[str] | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each member whose name is wanted, as `open_members`.

    Raises:
        UserError: as `open_members`, or a member is larger than `MAX_MEMBER`.
    """
    for name, member in open_members(archive, encoding, litter, wanted):
        yield name, member.read()


def check(
    archive: Path, max_gb: float = math.inf, max_ratio: float = math.inf, label: str = ""
) -> int:
    """Read all of `archive` to detect damage, and return the number of its files.

    Args:
        archive: a zip or a tar.
        max_gb: largest number of bytes of all files, unpacked, in GB.
        max_ratio: largest ratio of these bytes to those of the archive, from `SMALL` on.
        label: the archive, for messages; empty for its file name.

    Raises:
        UserError: as `open_members`, but not for the encoding of names; or it expands to more.
    """
    packed = archive.stat().st_size
    most = min(max_gb * 1e9, max(packed * max_ratio, SMALL))
    files = unpacked = 0
    for _, member in open_members(archive, "cp437", label=label):  # any bytes are valid cp437
        files += 1
        while chunk := member.read(CHUNK):
            unpacked += len(chunk)
            if unpacked > most:
                raise UserError(
                    f"{label or archive.name} has {packed:,} bytes and expands to more than "
                    f"{most:,.0f}; if that is right, raise download.max_unpacked_gb or "
                    "download.max_unpacked_ratio"
                )
    return files


def _open(archive: Path) -> AbstractContextManager[IO[bytes] | None]:
    return nullcontext() if archive.is_dir() else archive.open("rb")


@dataclass
class _Walk:
    """A walk through the files of an archive, and of the archives inside it.

    Attributes:
        encoding: of the names in a zip, as in `open_members`.
        litter: gets the numbers of skipped files by kind.
        numbers: has an item for each inner archive that may follow.
    """

    encoding: str | None
    litter: Counter[str]
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(MAX_INNER)))

    def archive(self, stream: IO[bytes], label: str, parent: str = "", depth: int = 0) -> Members:
        """Yield the files of an archive; `parent` is the beginning of their names."""
        if depth > MAX_DEPTH:
            raise UserError(f"{label[:80]} ... contains more than {MAX_DEPTH} nested archives")
        # Tar first: `is_zipfile` also accepts a tar that ends with a zip.
        is_tar = tarfile.is_tarfile(stream)
        stream.seek(0)
        files = tar_members(stream, label) if is_tar else zip_members(stream, label, self.encoding)
        yield from self.members(files, label, parent, depth)

    def members(self, files: Members, label: str, parent: str = "", depth: int = 0) -> Members:
        """Yield the files without litter, and those of archives in place of the archives."""
        for file in files:
            name = _safe(file.name, label)
            if kind := _kind_of_litter(name):
                self.litter[kind] += 1
            elif not INNER.search(name):
                yield file._replace(name=parent + name)
            elif next(self.numbers, None) is None:
                raise UserError(f"{label[:80]} ... has more than {MAX_INNER:,} inner archives")
            else:
                inside = f"{parent}{INNER.sub('', name)}/"
                with file.open() as stream:
                    yield from self.archive(stream, f"{label}/{name}", inside, depth + 1)


def _kind_of_litter(name: str) -> str | None:
    for part in name.split("/"):
        if part in LITTER:
            return part
        if part.startswith("._"):
            return "._*"
    return None


def _safe(name: str, label: str) -> str:
    """Return a relative path with single slashes; refuse others. `pathlib` takes 40 us per file."""
    path = utf8_name(name.replace("\\", "/"))
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if path.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:[\\/]", name):
        problem = f"{label} has a file that points outside its folder, '{name}'"
        raise UserError(f"{problem}, {REFUSED}")
    return "/".join(parts)


def _raise_named(error: Exception, label: str) -> NoReturn:
    """Raise a message that names the archive, or the error if the archive is not its cause."""
    # An OSError without errno comes from bz2 or gzip and means damaged data.
    if isinstance(error, (*BROKEN, OSError)) and getattr(error, "errno", None) is None:
        why = f"it is cut off or damaged ({error}); download or copy it again, or {UNPACK}"
        raise UserError(f"{label} cannot be read to its end: {why}") from error
    if isinstance(error, NotImplementedError):
        raise UserError(f"{label} uses an unsupported compression ({error}); {UNPACK}") from error
    if isinstance(error, RuntimeError) and "password" in str(error):
        raise UserError(f"{label} is encrypted; {UNPACK}") from error
    raise error
