"""Name files that are not read as images: what they are and what to do."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Literal

from convline.images.image_formats import (
    HEIC_ENDINGS,
    ending,
    formats_in_words,
    heic_is_read,
    image_endings,
    recognize,
)

# With "image", Pillow's name of the format; with the others, the reason.
Verdict = tuple[Literal["image", "bad", "ignored"], str]

HEIC = (
    "HEIC photographs are not read without the extra heic; "
    "run `pip install -e '.[heic]'`, or convert them to JPEG"
)
RAW = "camera raw files are not read; export them as JPEG or TIFF"
SLIDE = "microscopy files are not read; save their pictures as TIFF or PNG"
ARRAY = "arrays are not read; save their images as PNG (docs/data.md)"
CONTAINER = "{} files are not read; save their images as PNG (docs/data.md)"
DRAWING = "{} is not read, because that starts another program; convert it to PNG"
PACKED = "7z and rar archives are not read; unpack them"
COMPRESSED = "compressed file; unpack it"
PART = "parts of a split archive are not read; join and unpack them"
PIXELS = "tables of pixels are not read; save each row as PNG (docs/data.md)"
LFS = "Git LFS pointer; run `git lfs pull`"
EMPTY = "empty file"
TABLE, PAGE = "table, not an image", "HTML page, not an image"
OTHER = "not an image"

# By ending; the content decides only where an ending is not listed here.
NAMED = {
    **dict.fromkeys((".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".dng"), RAW),
    **dict.fromkeys((".orf", ".rw2", ".raf", ".pef", ".srw", ".x3f", ".3fr", ".erf", ".kdc"), RAW),
    **dict.fromkeys((".svs", ".ndpi", ".scn", ".mrxs", ".bif", ".czi", ".lif", ".lsm"), SLIDE),
    **dict.fromkeys((".nd2", ".vsi", ".oib", ".oif", ".ims"), SLIDE),
    **dict.fromkeys((".nii", ".nii.gz", ".nrrd", ".mha", ".mhd"), "volumes are not read; "
                    "save their slices as PNG, with nibabel or SimpleITK"),
    **dict.fromkeys((".dcm", ".dicom", ".ima"), "DICOM files are not read; "
                    "convert them to 16-bit PNG, with pydicom"),
    **dict.fromkeys((".svg", ".svgz"), "SVG drawings are not read; convert them to PNG"),
    **dict.fromkeys((".eps", ".ps", ".ai"), DRAWING.format("PostScript")),
    **dict.fromkeys((".wmf", ".emf"), DRAWING.format("WMF")),
    ".pdf": "PDF documents are not read; save their pictures as PNG",
    **dict.fromkeys((".psd", ".psb", ".xcf"), "Photoshop and GIMP files are not read; "
                    "export them as PNG"),
    **dict.fromkeys((".exr",), "images without a fixed range are not read; "
                    "save them as 16-bit PNG"),
    **dict.fromkeys((".jxl", ".jxr", ".bpg", ".dds", ".ktx", ".icns", ".cur", ".xbm", ".xpm",
                     ".fits", ".fit", ".djvu", ".pam"), "this image format is not read; "
                    "convert them to PNG"),
    **dict.fromkeys((".mp4", ".m4v", ".avi", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv"),
                    "videos are not read; save their frames as JPEG"),
    **dict.fromkeys((".npy", ".npz"), f"NumPy {ARRAY}"),
    **dict.fromkeys((".mat",), f"MATLAB {ARRAY}"),
    **dict.fromkeys((".h5", ".hdf5", ".hdf"), f"HDF5 {ARRAY}"),
    **dict.fromkeys((".parquet", ".arrow", ".feather"), CONTAINER.format("Parquet")),
    **dict.fromkeys((".tfrecord", ".tfrecords", ".lmdb", ".mdb"), CONTAINER.format("record")),
    **dict.fromkeys((".pkl", ".pickle", ".pt", ".pth"), CONTAINER.format("pickle")),
    **dict.fromkeys((".7z", ".rar"), PACKED),
    **dict.fromkeys((".gz", ".bz2", ".xz", ".zst", ".lz4", ".z"), COMPRESSED),
    **dict.fromkeys(HEIC_ENDINGS, HEIC),
    **dict.fromkeys((".csv", ".tsv", ".xls", ".xlsx"), TABLE),
    **dict.fromkeys((".txt", ".json", ".xml", ".md", ".yaml", ".yml", ".ipynb", ".py"), OTHER),
}  # fmt: skip
# Formats that look like TIFF; reading the small preview inside would be wrong and unnoticed.
LIKE_TIFF = {".dcm", *(name for name, reason in NAMED.items() if reason in {RAW, SLIDE})}
SIGNATURES = [
    (128, b"DICM", ".dcm"),
    (0, b"7z\xbc\xaf\x27\x1c", ".7z"),
    (0, b"Rar!\x1a\x07", ".rar"),
    (0, b"\x1f\x8b\x08", ".gz"),
    (0, b"BZh", ".bz2"),
    (0, b"\xfd7zXZ\0", ".xz"),
    (0, b"\x28\xb5\x2f\xfd", ".zst"),
    (0, b"PAR1", ".parquet"),
    (0, b"ARROW1", ".arrow"),
    (0, b"\x93NUMPY", ".npy"),
    (0, b"\x89HDF\r\n\x1a\n", ".h5"),
    (0, b"MATLAB 5.0 MAT-file", ".mat"),
    (0, b"%!PS", ".eps"),
    (0, b"\xc5\xd0\xd3\xc6", ".eps"),
    (0, b"%PDF-", ".pdf"),
    (0, b"\xd7\xcd\xc6\x9a", ".wmf"),
    (0, b"8BPS", ".psd"),
    (0, b"gimp xcf", ".xcf"),
    (0, b"v/1\x01", ".exr"),
    (0, b"#?RADIANCE", ".exr"),
    (0, b"\xff\x0a", ".jxl"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", ".jxl"),
    (0, b"\x1aE\xdf\xa3", ".mkv"),
    (4, b"ftypqt", ".mov"),
    (4, b"ftypmp4", ".mp4"),
    (4, b"ftypisom", ".mp4"),
    (0, b"\x80\x02}", ".pkl"),
    (0, b"\x80\x03}", ".pkl"),
    (0, b"\x80\x04\x95", ".pkl"),
    (344, b"n+1\0", ".nii"),
]
SPLIT = re.compile(r"\.(\d{3}|part\d+\.rar|[rz]\d\d)$", re.IGNORECASE)
PIXEL_COLUMN = re.compile(r"pixel_?\d+|\d+x\d+", re.IGNORECASE)
PIXEL_CELL = re.compile(r"(\d{1,3} ){32}")
IDX = re.compile(rb"\0\0[\x08\x09\x0b-\x0e][\x01-\x04]\0")  # type, dimensions, size below 2**24


def classify(name: str, head: bytes) -> Verdict:
    """Sort one file: an image to decode, a damaged image, or a file to ignore, with the reason.

    Args:
        name: its name.
        head: its first `HEAD` bytes, or more.
    """
    found = recognize(head, name)
    if found in {"TIFF", "PPM"}:
        named = NAMED.get(ending(name))
        if named and found == "TIFF" and ending(name) in LIKE_TIFF:
            return "ignored", named
        if named in {TABLE, OTHER} and found == "PPM":  # a table of people P1 to P6
            found = None
    if found is not None and (found != "HEIF" or heic_is_read()):
        return "image", found
    if ending(name) in image_endings():
        return "bad", describe(head, name)
    return "ignored", describe(head, name)


def describe(head: bytes, name: str = "") -> str:
    """Return what a file is that is not an image, and what to do.

    Args:
        head: its first `HEAD` bytes, or more.
        name: its name; the content decides if the ending is one of an image.
    """
    if not head:
        return EMPTY
    if head.startswith(b"version https://git-lfs"):
        return LFS
    if recognize(head) == "HEIF" and not heic_is_read():
        return HEIC
    if (reason := _by_name(name)) and head[128:132] != b"DICM":
        return PIXELS if reason in {TABLE, OTHER} and _has_pixels(head) else reason
    known = (kind for at, magic, kind in SIGNATURES if head.startswith(magic, at))
    if kind := next(known, None):
        return NAMED[kind]
    return _describe_text(head) if _is_text(head) else _describe_data(head)


def count_by_reason(ignored: Mapping[str, str]) -> list[str]:
    """Return a line for each reason and ending, the most frequent first.

    Args:
        ignored: the reason why each file is ignored, by its name.
    """
    counts = Counter((ending(name), reason) for name, reason in ignored.items())
    return [
        f"{count:,} {f'{shown} file' if shown else 'file'}{'s' * (count > 1)}"
        f"{'' if shown else ' without an ending'}: {reason}"
        for (shown, reason), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]


def no_images(place: object, ignored: Mapping[str, str]) -> str:
    """Return the message for an archive or a folder without images."""
    lines = "".join(f"\n  ignored: {line}" for line in count_by_reason(ignored)[:10])
    return f"no images found in {place}; supported formats: {formats_in_words()}{lines}"


def _by_name(name: str) -> str | None:
    if name.lower().endswith(".nii.gz"):
        return NAMED[".nii.gz"]
    if name.lower().endswith((".csv.gz", ".tsv.gz")):
        return TABLE
    if SPLIT.search(name):
        return PART
    return None if ending(name) in image_endings() else NAMED.get(ending(name))


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16
        return True
    return not re.search(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]", head)


def _describe_text(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start:
        return NAMED[".svg"]
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return PAGE
    if start.startswith(b"<"):
        return "XML document, not an image"
    if start.startswith((b"{", b"[")):
        return "JSON document, not an image"
    return PIXELS if _has_pixels(head) else OTHER


def _describe_data(head: bytes) -> str:
    if IDX.match(head):
        return CONTAINER.format("IDX (MNIST)")
    if head.startswith(b"PK\x03\x04"):
        return "zip archive under another name; rename it to .zip, or unpack it"
    return OTHER


def _has_pixels(head: bytes) -> bool:
    """Return True for tables such as fer2013.csv and sign_mnist: one image per row."""
    text = head.decode("utf-8", "replace").lstrip("\ufeff")
    header, _, rows = text.partition("\n")
    cells = [cell.strip(" \"'\r") for cell in re.split("[,;\t]", header)]
    if "pixels" in map(str.lower, cells):
        return PIXEL_CELL.search(rows) is not None
    if sum(PIXEL_COLUMN.fullmatch(cell) is not None for cell in cells) > 16:
        return True
    # Without a header: the first row has hundreds of numbers from 0 to 255.
    return len(cells) > 64 and all(cell.isdigit() and int(cell) < 256 for cell in cells[:-1])
