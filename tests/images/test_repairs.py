"""Photographs with harmless faults are read, with the pixels of the file without them."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from convline.images.decoding import BadImage, decode

PIXELS = np.random.default_rng(0).integers(0, 256, (16, 24, 3), np.uint8)
TEXT = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(2 << 20))
PROFILE = b"ICC\0\0" + zlib.compress(bytes(2 << 20))


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (b"iTXt", TEXT),
        (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2 << 20))),
        (b"iCCP", PROFILE),
        (b"pHYs", bytes(2)),
    ],
)
@pytest.mark.parametrize("place", ["first", "last"])
def test_large_or_broken_chunks_of_a_png_are_skipped(kind, content, place):
    assert_same(png(**{place: chunk(kind, content)}))


def test_many_texts_of_a_png_are_skipped():
    texts = b"".join(chunk(b"tEXt", f"{i}".encode() + b"\0" + bytes(1 << 20)) for i in range(65))
    assert_same(png(first=texts))


@pytest.mark.parametrize("kind", [b"tEXt", b"gAMA", b"pHYs", b"tIME", b"eXIf", b"sRGB"])
def test_a_wrong_checksum_of_a_chunk_that_does_not_change_pixels_is_skipped(kind):
    assert_same(png(first=broken(chunk(kind, b"12345678901"))))


@pytest.mark.parametrize("kind", [b"tRNS", b"PLTE"])
def test_a_wrong_checksum_of_a_chunk_that_changes_pixels_is_bad(kind):
    with pytest.raises(BadImage):
        decode(png(first=broken(chunk(kind, bytes(6)))), "rgb")


def test_the_orientation_of_a_png_outlives_the_repair():
    exif = chunk(b"eXIf", oriented(6)[6:])
    data = png(first=broken(chunk(b"gAMA", bytes(4))) + exif)
    assert decode(data, "rgb").tobytes() == np.rot90(PIXELS, -1).tobytes()


def test_a_damaged_png_with_large_texts_is_still_bad():
    data = png(first=chunk(b"iTXt", TEXT))
    with pytest.raises(BadImage, match="Decompressed data too large"):
        decode(data[:-200], "rgb")


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_malformed_entry_beside_the_orientation_is_no_obstacle(orientation):
    resolution = struct.pack("<HHII", 0x11A, 10, 1, 38)
    exif = oriented(orientation, resolution) + struct.pack("<2i", -1, 0)
    plain = Image.open(io.BytesIO(jpeg()))
    turned = np.rot90(np.asarray(plain), {1: 0, 3: 2, 6: -1, 8: 1}[orientation])
    assert decode(jpeg(exif), "rgb").tobytes() == turned.tobytes()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0MM\0\x2a\xff\xff", b"Exif\0\0rubbish rubbish"]
)
def test_an_image_whose_exif_cannot_be_read_is_upright(exif):
    assert decode(jpeg(exif), "rgb").tobytes() == decode(jpeg(), "rgb").tobytes()


@pytest.mark.parametrize("orientation", [0, 9, 99])
def test_an_orientation_that_does_not_exist_is_upright(orientation):
    assert decode(jpeg(oriented(orientation)), "rgb").size == (24, 16)


def test_the_orientation_of_a_jpeg_outlives_the_repair():
    assert decode(b"\n" + jpeg(oriented(6)), "rgb", name="a.jpg").size == (16, 24)


def assert_same(data):
    assert decode(data, "rgb").tobytes() == PIXELS.tobytes()


def png(first=b"", last=b""):
    """PIXELS with chunks before and after the pixels."""
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "PNG")
    data = buffer.getvalue()
    return data[:33] + first + data[33:-12] + last + data[-12:]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def broken(chunk):
    return chunk[:-1] + bytes([chunk[-1] ^ 1])


def jpeg(exif=b""):
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "JPEG")
    data = buffer.getvalue()
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif if exif else b""
    return data[:2] + segment + data[2:]


def oriented(orientation, entry=b""):
    count = 1 + bool(entry)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", count)
    return exif + struct.pack("<HHII", 0x112, 3, 1, orientation) + entry + bytes(4)
