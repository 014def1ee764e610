"""Write TFRecords of images without importing TensorFlow, which takes as long as 1,000 images.

A record is a tf.train.Example of `image` (bytes: raw uint8 pixels, PNG or JPEG), `label` (int64)
and `key` (bytes: `<class>/<file>`). The format: https://www.tensorflow.org/tutorials/load_data/tfrecord
"""

import struct
from typing import IO

import google_crc32c

BYTES_LIST, INT64_LIST = 1, 3  # fields of tf.train.Feature
LENGTH_DELIMITED = 2  # wire type of Protocol Buffers


def write_record(file: IO[bytes], record: bytes) -> None:
    """Append one record: its length, that number's checksum, the record, its checksum."""
    length = struct.pack("<Q", len(record))
    file.write(length + _masked_crc(length))
    file.write(record)
    file.write(_masked_crc(record))


def serialize(image: bytes, label: int, key: str) -> bytes:
    """Return the bytes of one record, which depend on the arguments alone.

    Args:
        image: the pixels, or an image file.
        label: 0 or more.
        key: identifies the image, `<class>/<file>`.
    """
    features = {
        "image": _field(BYTES_LIST, _field(1, image)),
        "key": _field(BYTES_LIST, _field(1, key.encode())),
        "label": _field(INT64_LIST, _field(1, _varint(label))),
    }
    entries = (_field(1, name.encode()) + _field(2, value) for name, value in features.items())
    return _field(1, b"".join(_field(1, entry) for entry in entries))


def _field(number: int, content: bytes) -> bytes:
    """Encode a field of a message that starts with its length."""
    return bytes([number << 3 | LENGTH_DELIMITED]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """Encode seven bits per byte, low ones first; the high bit is set if more bytes follow."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _masked_crc(data: bytes) -> bytes:
    crc = google_crc32c.value(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
