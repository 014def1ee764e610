"""List the files of one zip, tar or folder, without unpacking them."""

import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn

from convline.images.archive_kinds import JOIN, UNPACK, describe_unread
from convline.images.zip_names import decode_names, utf8_name
from convline.runtime.errors import UserError

CHUNK = 1 << 20  # bytes
NO_VOLUME = 0xFFFF  # the number is in a field of Zip64
LINKS = {tarfile.SYMTYPE: "a link", tarfile.LNKTYPE: "a hard link"}
REFUSED = f"which is refused; leave it out, or {UNPACK}"


class File(NamedTuple):
    """A file of an archive or a folder: its name, a function that opens it, its size in bytes."""

    name: str
    open: Callable[[], IO[bytes]]
    size: int


Members = Iterator[File]


def zip_members(stream: IO[bytes], label: str, encoding: str | None) -> Members:
    """Yield the files of a zip, in the order of their bytes.

    Raises:
        UserError: it is not a zip, or a part of one, or has a link.
    """
    if not zipfile.is_zipfile(stream):
        raise UserError(describe_unread(stream, label))
    with _open_zip(stream, label) as archive:
        names = decode_names(archive.infolist(), encoding, label)
        members = zip(names, archive.infolist(), strict=True)
        # In the order of the bytes, because a compressed inner archive can only be read forwards.
        for name, info in sorted(members, key=lambda member: member[1].header_offset):
            if stat.S_ISLNK(info.external_attr >> 16):
                raise UserError(f"{label} has a link, '{name}', {REFUSED}")
            # Some programs of Windows separate with backslashes, also at the end of a folder.
            if not info.is_dir() and (info.file_size or not name.endswith("\\")):
                yield File(name, partial(archive.open, info), info.file_size)


def _open_zip(stream: IO[bytes], label: str) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(stream)
    except UnicodeDecodeError:
        raise UserError(f"{label} marks a name as UTF-8 that is not; {UNPACK}") from None
    if any(0 < info.volume < NO_VOLUME for info in archive.infolist()):
        raise UserError(f"{label} is the last part of a divided zip; {JOIN}")
    return archive


def tar_members(stream: IO[bytes], label: str) -> Members:
    """Yield the files of a tar, plain or compressed, and read it to its end.

    Raises:
        UserError: it has a link or a device.
        tarfile.ReadError: it is cut off.
    """
    with tarfile.open(fileobj=stream) as archive:
        for info in archive:
            if not (info.isfile() or info.isdir()):
                kind = LINKS.get(info.type, "a device")
                raise UserError(f"{label} has {kind}, '{info.name}', {REFUSED}")
            if info.isfile():
                open_file: Any = partial(archive.extractfile, info)
                yield File(info.name, open_file, info.size)
            archive.members.clear()  # type: ignore[attr-defined] # 100,000 would stay in memory.
        # tarfile stops silently at a cut or damaged header; the true end is a block of zeros.
        archive.fileobj.seek(archive.offset)
        if archive.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("unexpected end of data")
        while archive.fileobj.read(CHUNK):  # gzip compares its checksum at the very end.
            pass


def folder_members(folder: Path) -> Members:
    """Yield the files of a folder and of those below it, in the order of their names.

    Links are followed.

    Raises:
        UserError: a link leads back to a folder that contains it, or a file is a pipe or a device.
        OSError: a folder cannot be read.
    """
    for parent, folders, files in os.walk(folder, onerror=_raise, followlinks=True):
        folders.sort()
        _refuse_loops(Path(parent).resolve(), folders)
        for file in sorted(files):
            path = Path(parent, file)
            if path.exists() and not path.is_file():  # A pipe would wait forever.
                raise UserError(f"download.path: '{path}' is neither a file nor a folder")
            name = utf8_name(str(path.relative_to(folder)))
            yield File(name, partial(io.FileIO, path), path.stat().st_size)


def _refuse_loops(parent: Path, folders: list[str]) -> None:
    for folder in folders:
        if (parent / folder).resolve() in {parent, *parent.parents}:
            link = parent / folder
            raise UserError(
                f"download.path: the link '{link}' leads back to a folder that contains it"
            )


def _raise(error: OSError) -> NoReturn:
    raise error
