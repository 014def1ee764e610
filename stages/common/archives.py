"""Read archives member by member, archives inside archives too, without unpacking them.

Zip and tar (plain, gzip, bzip2, xz) are told apart by content. Nothing is ever written to the path
that a member names; a member that names a path outside its folder, a link or a device is refused
all the same, because an archive that holds one is broken or hostile.
"""

import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from stages.common.command import UserError

NESTED = {".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz"}
LITTER = {"__MACOSX", "Thumbs.db", "desktop.ini"}
CHUNK = 1 << 20
# A photograph takes 1 to 30 MB; a member beyond this is refused before it fills the memory.
MAX_MEMBER = 1 << 30

BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError)


def read_members(archive: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each member whose name is wanted, in the order of the archive.

    The name of a member of an inner archive starts with that archive's own name, without its
    endings: `train.zip` with `train/cat.0.jpg` gives `train/train/cat.0.jpg`. Files that desktops
    leave behind (`.DS_Store`, `__MACOSX`, `Thumbs.db`) are passed over.

    Raises:
        UserError: `archive` is damaged, encrypted, no archive, or has a member that is refused.
    """
    with _named_errors(archive), archive.open("rb") as stream:
        for name, member in _walk(stream, archive.name, PurePosixPath()):
            if wanted(name):
                yield name, _read(member, name, archive)


def check(archive: Path) -> int:
    """Read all of `archive`, so that what is cut or damaged is found now; return its file count.

    Raises:
        UserError: as `read_members`.
    """
    files = 0
    with _named_errors(archive), archive.open("rb") as stream:
        for _, member in _walk(stream, archive.name, PurePosixPath()):
            files += 1
            while member.read(CHUNK):
                pass
    return files


def _walk(
    stream: IO[bytes], label: str, parent: PurePosixPath
) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield (name, open member) for each file, descending into inner archives."""
    opener = _zip_members if zipfile.is_zipfile(stream) else _tar_members
    stream.seek(0)
    for raw_name, open_member in opener(stream, label):
        path = _safe(raw_name, label)
        if any(part in LITTER or part.startswith(".") for part in path.parts):
            continue
        with open_member() as member:
            if path.suffix.lower() in NESTED and _is_archive(member):
                inner = parent / path.with_name(path.name.split(".")[0])
                yield from _walk(member, f"{label}/{path}", inner)
            else:
                yield str(parent / path), member


Members = Iterator[tuple[str, Callable[[], IO[bytes]]]]


def _zip_members(stream: IO[bytes], label: str) -> Members:
    with zipfile.ZipFile(stream) as archive:
        # In the order of the bytes: an inner archive that is compressed can only be read forwards.
        for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
            if stat.S_ISLNK(info.external_attr >> 16):
                raise UserError(f"{label} has a link, '{info.filename}'; links are refused")
            if not info.is_dir():
                yield info.filename, lambda info=info: archive.open(info)


def _tar_members(stream: IO[bytes], label: str) -> Members:
    try:
        archive = tarfile.open(fileobj=stream)  # noqa: SIM115 (closed by `with` below)
    except tarfile.ReadError as error:
        raise UserError(f"{label} is neither a zip nor a tar archive, or it is damaged") from error
    with archive:
        for info in archive:
            if not (info.isfile() or info.isdir()):
                why = "links and devices are refused"
                raise UserError(f"{label} has a link or a device, '{info.name}'; {why}")
            if info.isfile():
                yield info.name, lambda info=info: archive.extractfile(info)
            archive.members.clear()  # Else 100,000 members stay in memory.


def _is_archive(stream: IO[bytes]) -> bool:
    found = zipfile.is_zipfile(stream) or tarfile.is_tarfile(stream)
    stream.seek(0)
    return found


def _safe(name: str, label: str) -> PurePosixPath:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match("[A-Za-z]:", name):
        raise UserError(f"{label} has a member that points outside its folder: '{name}'")
    return path


def _read(member: IO[bytes], name: str, archive: Path) -> bytes:
    data = member.read(MAX_MEMBER + 1)
    if len(data) > MAX_MEMBER:
        raise UserError(f"{archive.name}: '{name}' is larger than {MAX_MEMBER >> 20} MiB unpacked")
    return data


@contextmanager
def _named_errors(archive: Path) -> Iterator[None]:
    """Turn what the readers raise into one message that names the archive."""
    try:
        yield
    except BROKEN as error:
        why = f"it is cut off or damaged ({error})"
        raise UserError(f"{archive} cannot be read to its end: {why}. Get it again.") from error
    except RuntimeError as error:
        if "password" not in str(error):
            raise
        raise UserError(f"{archive} is encrypted; unpack it and give the folder") from error
    except NotImplementedError as error:
        why = f"{error}; unpack it and give the folder"
        raise UserError(f"{archive} is packed in a way that is not supported: {why}") from error
