"""Files that are not read are named: what they are and what to do."""

import gzip
import io
import pickle

import numpy as np
import pytest
from PIL import Image

from convline.images.file_kinds import classify, count_by_reason, no_images
from convline.images.image_formats import HEAD


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.svg", b"<svg/>", "SVG drawings are not read; convert them to PNG"),
        ("drawing", b"<?xml version='1.0'?>\n<svg>", "SVG drawings are not read; convert"),
        ("a", bytes(128) + b"DICM", "DICOM files are not read; convert them to 16-bit PNG"),
        ("a.dcm", b"II*\0" + bytes(124) + b"DICM", "DICOM files are not read"),
        (
            "brain.nii.gz",
            gzip.compress(b"n+1", mtime=0),
            "volumes are not read; save their slices as PNG",
        ),
        ("a.NEF", b"MM\0*" + bytes(99), "camera raw files are not read; export them as JPEG"),
        ("a.cr2", b"II*\0\x10\0\0\0CR", "camera raw files are not read"),
        ("a.svs", b"II*\0" + bytes(99), "microscopy files are not read; save their pictures"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c", "7z and rar archives are not read; unpack them"),
        ("a", b"Rar!\x1a\x07\1\0", "7z and rar archives are not read; unpack them"),
        ("a.zip.001", b"PK\3\4", "parts of a split archive are not read; join and unpack them"),
        ("a.z01", b"\1\2", "parts of a split archive are not read; join and unpack them"),
        ("a.part1.rar", b"Rar!", "parts of a split archive are not read"),
        ("train-0.parquet", b"PAR1", "Parquet files are not read; save their images as PNG"),
        ("data", b"PAR1" + bytes(99), "Parquet files are not read; save their images as PNG"),
        ("x.npy", b"\x93NUMPY\1\0", "NumPy arrays are not read; save their images as PNG"),
        ("x.npz", b"PK\3\4", "NumPy arrays are not read"),
        ("x.h5", b"\x89HDF\r\n\x1a\n", "HDF5 arrays are not read"),
        ("x.mat", b"MATLAB 5.0 MAT-file", "MATLAB arrays are not read"),
        ("data_batch_1", pickle.dumps({b"data": 1}), "pickle files are not read"),
        ("train-images-idx3-ubyte", b"\0\0\x08\x03\0\0\xea\x60", "IDX (MNIST) files are not read"),
        ("a.eps", b"%!PS-Adobe", "PostScript is not read, because that starts another program"),
        ("a", b"\xd7\xcd\xc6\x9a", "WMF is not read, because that starts another program"),
        ("a.pdf", b"%PDF-1.7", "PDF documents are not read; save their pictures as PNG"),
        ("a.psd", b"8BPS", "Photoshop and GIMP files are not read; export them as PNG"),
        ("a.mp4", b"\0\0\0\x18ftypmp42", "videos are not read; save their frames as JPEG"),
        ("film", b"\0\0\0\x18ftypisom", "videos are not read; save their frames as JPEG"),
        ("labels.csv", b"id,label\n1,cat\n", "table, not an image"),
        ("x.json", b"{}", "not an image"),
        ("notes", b"no image", "not an image"),
        ("noise", bytes(range(256)), "not an image"),
        ("empty", b"", "empty file"),
        ("1.jpg.gz", b"\x1f\x8b\x08", "compressed file; unpack it"),
        ("1.tif.bz2", b"BZh9", "compressed file; unpack it"),
        ("images", b"\x1f\x8b\x08", "compressed file; unpack it"),
        ("labels.csv.gz", b"\x1f\x8b\x08", "table, not an image"),
        ("weights", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer; run"),
    ],
)
def test_other_files_are_ignored_with_what_they_are(name, data, reason):
    verdict, found = classify(name, data)
    assert (verdict, found[: len(reason)]) == ("ignored", reason)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a",
            "Git LFS pointer; run `git lfs pull`",
        ),
        (b"<!DOCTYPE html>\n<html><title>404", "HTML page, not an image"),
        (b"\r\n <HTML>", "HTML page, not an image"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied", "XML document, not an image"),
        (b'{"error": "not found"}', "JSON document, not an image"),
        (b"Not found", "not an image"),
        (bytes(99), "not an image"),
        (b"%PDF-1.4", "PDF documents are not read; save their pictures as PNG"),
        (b"\0\0\1\0", "not an image"),
    ],
)
@pytest.mark.parametrize("name", ["a.jpg", "b.PNG", "c.heic"])
def test_a_file_with_the_ending_of_an_image_is_bad_and_described(name, data, reason):
    assert classify(name, data) == ("bad", reason)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("people.tsv", b"P1\t1\t1\t0\t1\n"),
        ("people", b"P1\t23\t45\tfemale\nP2\t31\t40\tmale\n"),
        ("people", b"P5 is 23 years old"),
    ],
)
def test_a_table_of_people_is_not_a_portable_map(name, data):
    assert classify(name, data)[0] == "ignored"


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.dat", "a.txt", "a.png"])
def test_the_content_decides_that_a_file_is_an_image(name):
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "AVIF")
    assert classify(name, buffer.getvalue()[:HEAD]) == ("image", "AVIF")


PIXELS = " ".join(map(str, range(100)))


@pytest.mark.parametrize(
    "table",
    [
        f"emotion,pixels,Usage\n0,{PIXELS},Training\n",
        f'"emotion","pixels"\r\n"0","{PIXELS}"\r\n',
        "label," + ",".join(f"pixel{i}" for i in range(1, 785)) + "\n3,0,0",
        "label," + ",".join(f"{i}x{j}" for i in range(28) for j in range(28)) + "\n3,0,0",
        "7," + ",".join(["0"] * 784) + "\n",
    ],
)
@pytest.mark.parametrize("name", ["fer2013.csv", "x.txt", "table"])
def test_tables_of_pixels_are_named(name, table):
    reason = "tables of pixels are not read; save each row as PNG (docs/data.md)"
    assert classify(name, table.encode()[:HEAD]) == ("ignored", reason)


@pytest.mark.parametrize(
    "table", ["id,pixels\na,4096\n", "id,pixel1\na,3\n", ",".join(np.arange(300).astype(str))]
)
def test_other_tables_are_not_tables_of_pixels(table):
    assert classify("a.csv", table.encode()) == ("ignored", "table, not an image")


def test_ignored_files_are_counted_by_reason_and_ending():
    ignored = {f"a/{i}.svg": "SVG" for i in range(1200)} | {"b/notes": "text", "b/x.md": "text"}
    assert count_by_reason(ignored) == [
        "1,200 .svg files: SVG",
        "1 file without an ending: text",
        "1 .md file: text",
    ]


def test_the_message_on_an_archive_without_images_names_what_it_has():
    first, second = no_images("a.zip", {f"{i}.dcm": "DICOM" for i in range(40)}).splitlines()
    assert first.startswith("no images found in a.zip; supported formats: JPEG, PNG, ")
    assert second == "  ignored: 40 .dcm files: DICOM"
