"""Repair what is harmless in image files that cannot be decoded as they are."""

import contextlib
import struct
import zlib

from PIL import ExifTags, Image

from convline.images.image_formats import jpeg_start

PNG_START = 8  # bytes before the first chunk
PNG_CHUNK = 12  # bytes of a chunk besides its content: length, kind and checksum
EXIF = b"Exif\0\0"
METADATA = {*range(0xE0, 0xF0), 0xFE}  # APP0 to APP15, and comments


def repaired(data: bytes) -> bytes | None:
    """Return other bytes with the same pixels; None if there is nothing to repair.

    Args:
        data: a whole file that Pillow cannot decode.
    """
    plain = _plain_png(data) if data.startswith(b"\x89PNG") else _plain_jpeg(data)
    return None if plain == data else plain


def _plain_png(data: bytes) -> bytes:
    """Drop texts, colour profiles and other chunks that do not change pixels.

    Pillow refuses a file for a wrong checksum in one of them, and for texts and profiles of more
    than 1 MB, against decompression bombs.
    """
    parts = [data[:PNG_START]]
    at = PNG_START
    while at + PNG_CHUNK <= len(data):
        end = at + PNG_CHUNK + int.from_bytes(data[at : at + 4])
        kind, checksum = data[at + 4 : at + 8], int.from_bytes(data[end - 4 : end])
        # The names of critical chunks begin with a capital letter; two others change pixels.
        exif = kind == b"eXIf" and zlib.crc32(data[at + 4 : end - 4]) == checksum
        if kind[:1].isupper() or kind == b"tRNS" or exif:
            parts.append(data[at:end])
        at = end
    return b"".join(parts)


def _plain_jpeg(data: bytes) -> bytes:
    """Drop bytes in front of the start marker, and of EXIF all but the orientation."""
    start = jpeg_start(data)
    if start < 0:
        return data
    parts = [data[start : start + 2]]
    at = start + 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] in METADATA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        exif = data[at + 4 : end] if data[at + 1] == 0xE1 else b""
        parts.append(_only_orientation(exif) if exif.startswith(EXIF) else data[at:end])
        at = end
    return b"".join([*parts, data[at:]])


def _only_orientation(content: bytes) -> bytes:
    orientation = None
    exif = Image.Exif()
    with contextlib.suppress(Exception):  # Pillow raises a dozen kinds for damaged EXIF.
        exif.load(content)
        orientation = exif.get(ExifTags.Base.Orientation)
    if orientation not in range(1, 9):
        return b""
    entry = struct.pack("<HHIHH", ExifTags.Base.Orientation, 3, 1, orientation, 0)
    short = EXIF + b"II*\0\x08\0\0\0\x01\0" + entry + bytes(4)
    return b"\xff\xe1" + struct.pack(">H", len(short) + 2) + short
