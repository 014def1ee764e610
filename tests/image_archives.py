"""Small archives of images, and what the stage organize made of them."""

import hashlib
import io
import json
import zipfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from PIL import Image

# Of tests with random archives: the same ones at every run, however slow the machine is.
RANDOM_ARCHIVES = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SPLITS = ("train", "validation", "test")
CLASSES = {"cat": 23, "dog": 40, "bee": 11}


def pack(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def pack_unmarked(files, extra=b""):
    """Return a zip whose names are these bytes, without the flag that marks UTF-8."""
    marks = {f"<{number:03}>".ljust(len(name), "x"): name for number, name in enumerate(files)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for mark, data in zip(marks, files.values(), strict=True):
            info = zipfile.ZipInfo(mark)
            info.extra = extra
            archive.writestr(info, data)
    content = buffer.getvalue()
    for mark, name in marks.items():
        content = content.replace(mark.encode(), name)
    return content


def tree_of(folder):
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def png(*name):
    buffer = io.BytesIO()
    pixels = hashlib.sha256(repr(name).encode()).digest()
    Image.frombytes("L", (8, 4), pixels).save(buffer, "PNG")
    return buffer.getvalue()


def pets():
    return {f"x/{c}/{i}.png": png(c, i) for c, images in CLASSES.items() for i in range(images)}


def pair(folder, images):
    stem = f"{folder}/{{}}/{Path(folder).name}{{}}.png"
    return {stem.format(c, i): png(folder, c, i) for c in ("cat", "dog") for i in range(images)}


def count(tree, what):
    return Counter(name.split("/")[["split", "class"].index(what)] for name in tree)


def metrics():
    return json.loads(Path("metrics/organize.json").read_text())["organize"]
