"""Recognize image formats by content, and name those that are read.

The list is explicit. Left out on purpose: EPS and WMF (Pillow starts another program, or calls the
system's), HDF5, GRIB, BUFR, FITS and MPEG (stubs of other libraries), PSD (its flat copy may be
missing), and formats without a reliable signature that no camera or scanner writes.
"""

import importlib.util
import os
import re
from collections.abc import Callable
from functools import cache

from PIL import TiffImagePlugin

HEAD = 1024  # bytes of a file that are enough to recognize it

# By the name that Pillow has for the format. Pillow reads MPO, several pictures of a camera in one
# JPEG, as JPEG, and JFIF is JPEG.
ENDINGS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png", ".apng"),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif", ".avifs"),
    "JPEG2000": (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
    "TGA": (".tga", ".icb", ".vda", ".vst"),
    "ICO": (".ico",),
    "PCX": (".pcx",),
    "QOI": (".qoi",),
    "SGI": (".sgi", ".rgb", ".rgba", ".bw"),
}
HEIC_ENDINGS = (".heic", ".heif", ".heics", ".heifs", ".hif")
IN_WORDS = "JPEG, PNG, BMP, GIF, WebP, TIFF, AVIF, JPEG 2000, PPM, TGA, ICO, PCX, QOI and SGI"

AVIF_BRANDS = {b"avif", b"avis"}
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
DIB_HEADERS = {12, 40, 52, 56, 64, 108, 124}  # sizes in bytes
TGA_KINDS = {1, 2, 3, 9, 10, 11}
# Strict, because a table may begin with `P1`: header with numbers, then what may follow it.
NETPBM = re.compile(
    rb"(P1{0}{1}{0}{1}{0}[01]|P[23]{0}{1}{0}{1}{0}{1}{0}\d|P4{0}{1}{0}{1}\s"
    rb"|P[56]{0}{1}{0}{1}{0}{1}\s|P[fF]{0}{1}{0}{1}{0}-?[\d.]+\s)".replace(
        b"{0}", rb"(?:\s|#[^\r\n]*[\r\n])+"
    ).replace(b"{1}", rb"[1-9]\d{0,9}")
)


@cache
def heic_is_read() -> bool:
    """Return True if the extra `heic` is installed."""
    return importlib.util.find_spec("pillow_heif") is not None


@cache
def image_endings() -> frozenset[str]:
    """Return the endings of file names, in lower case, of the formats that are read."""
    known = {ending for endings in ENDINGS.values() for ending in endings}
    return frozenset(known.union(HEIC_ENDINGS if heic_is_read() else ()))


def formats_in_words() -> str:
    """Return the names of the formats that are read."""
    return f"{IN_WORDS.replace(' and', ',')} and HEIC" if heic_is_read() else IN_WORDS


def ending(name: str) -> str:
    """Return the ending of a file name in lower case, with its dot; empty if it has none."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 (100,000 names)


def recognize(head: bytes, name: str = "") -> str | None:
    """Return Pillow's name of the format of a file, HEIF included; None if it is not an image.

    Args:
        head: the first `HEAD` bytes of the file, or more.
        name: its name, for TGA and for bytes in front of a JPEG; content decides for all others.
    """
    found = next((known for known, matches in SIGNATURES.items() if matches(head)), None)
    if found is None and ending(name) in ENDINGS["TGA"] and _is_tga(head):
        return "TGA"
    if found is None and ending(name) in ENDINGS["JPEG"] and jpeg_start(head) > 0:
        return "JPEG"
    return found


def jpeg_start(data: bytes) -> int:
    """Return the position of the start marker of a JPEG in the first bytes; -1 if there is none."""
    return data.find(b"\xff\xd8\xff", 0, HEAD)


def _is_media(head: bytes, brands: set[bytes]) -> bool:
    """Return True if a file of the ISO base media format (as MP4) has one of the brands."""
    if head[4:8] != b"ftyp":
        return False
    major, size = head[8:12], int.from_bytes(head[:4], "big")
    compatible = {head[i : i + 4] for i in range(16, min(size, len(head)), 4)}
    return major in brands or (major in {b"mif1", b"msf1"} and bool(compatible & brands))


def _is_bmp(head: bytes) -> bool:
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in DIB_HEADERS


def _is_icon(head: bytes) -> bool:
    # Directory entries of 16 bytes follow; the first picture cannot start before their end.
    count, start = (int.from_bytes(head[i:j], "little") for i, j in ((4, 6), (18, 22)))
    return head[:4] == b"\0\0\1\0" and 0 < count < 256 and start >= 6 + 16 * count


def _is_pcx(head: bytes) -> bool:
    known = len(head) >= 128 and head[1] in {0, 2, 3, 5} and head[3] in {1, 2, 4, 8}
    return known and head[0] == 10 and head[2] == 1


def _is_sgi(head: bytes) -> bool:
    return head[:2] == b"\x01\xda" and head[2:3] in {b"\0", b"\1"} and head[3:4] in {b"\1", b"\2"}


def _is_tga(head: bytes) -> bool:
    return len(head) > 18 and head[1] in {0, 1} and head[2] in TGA_KINDS


SIGNATURES: dict[str, Callable[[bytes], bool]] = {
    "JPEG": lambda head: head.startswith(b"\xff\xd8\xff"),
    "PNG": lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"),
    "GIF": lambda head: head.startswith((b"GIF87a", b"GIF89a")),
    "WEBP": lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP",
    "TIFF": lambda head: head.startswith(tuple(TiffImagePlugin.PREFIXES)),
    "BMP": _is_bmp,
    "AVIF": lambda head: _is_media(head, AVIF_BRANDS),
    "HEIF": lambda head: _is_media(head, HEIC_BRANDS),
    "JPEG2000": lambda head: head.startswith((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n")),
    "PPM": lambda head: NETPBM.match(head) is not None,
    "QOI": lambda head: head.startswith(b"qoif"),
    "ICO": _is_icon,
    "SGI": _is_sgi,
    "PCX": _is_pcx,
}
