"""List the files of one zip or tar, without unpacking them."""

import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO

from convline.images.archive_kinds import JOIN, UNPACK, describe_unread
from convline.images.zip_names import decode_names
from convline.runtime.errors import UserError

CHUNK = 1 << 20  # bytes
NO_VOLUME = 0xFFFF  # the number is in a field of Zip64
LINKS = {tarfile.SYMTYPE: "a link", tarfile.LNKTYPE: "a hard link"}
REFUSED = f"which is refused; leave it out, or {UNPACK}"
# Name, and function that opens the file.
Members = Iterator[tuple[str, Callable[[], IO[bytes]]]]


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
                yield name, partial(archive.open, info)


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
                yield info.name, partial(archive.extractfile, info)  # type: ignore[misc] # a file
            archive.members.clear()  # type: ignore[attr-defined] # 100,000 would stay in memory.
        # tarfile stops silently at a cut or damaged header; the true end is a block of zeros.
        archive.fileobj.seek(archive.offset)
        if archive.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("unexpected end of data")
        while archive.fileobj.read(CHUNK):  # gzip compares its checksum at the very end.
            pass
