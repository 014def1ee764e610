"""Describe files that are given as an archive but are not a zip or a tar that can be read."""

import re
from typing import IO

UNPACK = "unpack the archive, then set download.kind to archive and download.path to the folder"
JOIN = f"join the parts, or {UNPACK}"
AGAIN = "download it again"

# First bytes, what they are, and what to do.
SIGNATURES = (
    (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive, which is not read", UNPACK),
    (b"Rar!\x1a\x07", "is a RAR archive, which is not read", UNPACK),
    (b"\x28\xb5\x2f\xfd", "is compressed with Zstandard, which is not read", UNPACK),
    (b"\x04\x22\x4d\x18", "is compressed with LZ4, which is not read", UNPACK),
    (b"\x1f\x9d", "is compressed with compress (.Z), which is not read", UNPACK),
    (b"MSCF", "is a cabinet file, which is not read", UNPACK),
    (b"\x89HDF\r\n\x1a\n", "is an HDF5 file", "write its images to a folder, and pass the folder"),
    (b"PAR1", "is a Parquet file", "write its images to a folder, and pass the folder"),
    (b"\x93NUMPY", "is a NumPy array", "write its images to a folder, and pass the folder"),
    (b"version https://git-lfs", "is a pointer of Git LFS, not the file", "run `git lfs pull`"),
)
PART = re.compile(r"\.(\d{3}|z\d\d|part\d+)$", re.IGNORECASE)
HTML = re.compile(rb"\s*<(!doctype\s+html|html)", re.IGNORECASE)


def describe_unread(stream: IO[bytes], name: str) -> str:
    """Return what the file is instead of a zip or a tar, and what to do."""
    stream.seek(0)
    head = stream.read(64)
    if PART.search(name):
        return f"{name} is a part of an archive; {JOIN}"
    for signature, kind, advice in SIGNATURES:
        if head.startswith(signature):
            return f"{name} {kind}; {advice}"
    if HTML.match(head):
        return f"{name} is a web page, not an archive; {AGAIN}"
    if not head:
        return f"{name} is neither a zip nor a tar archive: it is empty; {AGAIN}"
    return (
        f"{name} is neither a zip nor a tar archive, or it is damaged; {AGAIN}, or, if it is an "
        f"archive of another kind, {UNPACK}"
    )
