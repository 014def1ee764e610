"""Decode the names of a zip's members, whose encoding most zips do not store.

A zip either marks a name as UTF-8 (flag, or Info-ZIP's Unicode path field) or leaves its encoding
open: macOS and Java write UTF-8, Windows writes the code page of its language.
"""

import struct
import zipfile
import zlib
from collections.abc import Sequence

from convline.runtime.errors import UserError

UTF8_FLAG = 0x800
UNICODE_PATH = 0x7075
# By how often public data sets have them: Western Europe (DOS, Windows), Japan, China, Cyrillic.
EXAMPLES = ("cp437", "cp1252", "cp932", "gbk", "cp1251")


def decode_names(members: Sequence[zipfile.ZipInfo], encoding: str | None, label: str) -> list[str]:
    """Return the name of each member, with backslashes as they are.

    Args:
        members: as `zipfile.ZipFile` without `metadata_encoding` lists them.
        encoding: encoding of the names that are not marked as UTF-8
            (`organize.metadata_encoding`); None: UTF-8 if all of them are valid UTF-8.
        label: name of the zip, for messages.

    Raises:
        UserError: the encoding cannot be determined, or `encoding` is not that of a name.
    """
    names = [_marked_name(member) for member in members]
    unmarked = [name for name in names if isinstance(name, bytes)]
    found = encoding or "utf-8"
    for name in unmarked:
        try:
            name.decode(found)
        except UnicodeDecodeError:
            raise UserError(_choices(name, encoding, label)) from None
    return [name if isinstance(name, str) else name.decode(found) for name in names]


def _marked_name(member: zipfile.ZipInfo) -> str | bytes:
    """Return a name that is marked as UTF-8, or the bytes of another.

    `member.filename` has lost the difference between a separator and byte 0x5C inside a letter.
    """
    if member.flag_bits & UTF8_FLAG:
        return member.orig_filename.split("\0")[0]
    raw = member.orig_filename.encode("cp437")
    return _unicode_path(member.extra, raw) or raw.split(b"\0")[0]


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """Return the name in Info-ZIP's Unicode path field; None without one, or if it is outdated."""
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == UNICODE_PATH and field[:5] == struct.pack("<BL", 1, zlib.crc32(raw)):
            return field[5:].decode(errors="replace")
    return None


def _choices(name: bytes, encoding: str | None, label: str) -> str:
    if encoding:
        problem = f"organize.metadata_encoding: a file name in {label} is not {encoding}"
    else:
        problem = f"{label} does not store the encoding of its file names, and they are not UTF-8"
    readings = []
    for example in EXAMPLES:
        try:
            readings.append(f"  {example:7} {name.decode(example)}")
        except UnicodeDecodeError:
            continue
    advice = "set organize.metadata_encoding to the encoding in which such a name reads correctly"
    return "\n".join([f"{problem}; {advice}:", *readings])


def utf8_name(name: str) -> str:
    """Return `name` with bytes that are not UTF-8, which tar and Linux allow, written as `%xe9`."""
    raw = name.encode("utf-8", "surrogateescape")
    return name if name.isascii() else raw.decode("utf-8", "backslashreplace").replace("\\", "%")
