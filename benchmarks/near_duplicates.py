"""Precision and recall of the search for near duplicates, and its time; prints a table.

    python -m benchmarks.near_duplicates                 the 2,000 labelled images, three rounds
    python -m benchmarks.near_duplicates --images 200    fewer

For each kind of change, an archive contains every image and its changed copy. Recall is the share
of the copies that are found. Precision is the share of the found pairs that are an image and its
copy, or two images that were found in the archive of the originals alone, which is listed to be
looked at. The time is that of the stage organize with `near_duplicates: together`, divided by that
with `off`, in turn.
"""

import argparse
import io
import re
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pandas as pd
from PIL import Image, ImageEnhance

from benchmarks import workspace
from benchmarks.harness import in_turn, median_seconds
from convline.images.archives import read_members
from convline.images.image_cache import ImageCache
from convline.images.near_duplicates import find_near_duplicates
from convline.images.scan import inspect_all
from convline.params.loading import load_params
from convline.runtime import paths
from convline.runtime.runner import run

LABELLED = re.compile(r"(cat|dog)\.\d+\.jpg$")
LABELLED_IMAGES = 2_000  # in the archive
ROUNDS = 3


def main() -> None:
    arguments = parse_arguments()
    with workspace.workspace() as folder:
        workspace.set_params()
        members = read_members(workspace.archive(), lambda name: bool(LABELLED.search(name)))
        every = max(1, LABELLED_IMAGES // arguments.images)
        images = dict(islice(members, 0, None, every))
        alike = {frozenset(pair) for pair in find(images, folder)}
        print(f"in the originals: {sorted(map(sorted, alike))}", flush=True)
        rows = {}
        for kind, change in CHANGES.items():
            rows[kind] = measure(images, change, alike, folder)
            print(kind, rows[kind], flush=True)
        print(pd.DataFrame(rows).T.to_markdown(floatfmt=("", ".0f", ".4f", ".4f")))
        print(time_stage(folder, images))


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.near_duplicates")
    parser.add_argument("--images", type=int, default=2_000, help="number of images")
    return parser.parse_args()


def measure(
    images: dict[str, bytes],
    change: Callable[[Image.Image], bytes],
    alike: set[frozenset[str]],
    folder: Path,
) -> dict[str, float]:
    """Return precision and recall for one kind of change."""
    with ThreadPoolExecutor() as pool:
        changed = pool.map(lambda data: change(open_image(data)), images.values())
        copies = {f"copy/{name}": data for name, data in zip(images, changed, strict=True)}
    found = find({**images, **copies}, folder)
    originals = [frozenset(name.removeprefix("copy/") for name in pair) for pair in found]
    wrong = sum(len(pair) == 2 and pair not in alike for pair in originals)
    recall = sum(len(pair) == 1 for pair in originals) / len(images)
    return {"pairs": len(found), "precision": 1 - wrong / max(1, len(found)), "recall": recall}


def find(images: dict[str, bytes], folder: Path) -> list[tuple[str, str]]:
    """Return the pairs of near duplicates among these files."""
    archive = folder / "images.zip"
    write(images, archive)
    with ImageCache(archive, None, folder) as cache:
        scan = inspect_all(archive, load_params().organize, lambda _: True, cache)
        return [pair[:2] for pair in find_near_duplicates(scan.images, cache).pairs]


def write(images: dict[str, bytes], archive: Path) -> None:
    """Write a zip of these files."""
    with zipfile.ZipFile(archive, "w") as target:
        for name, data in images.items():
            target.writestr(name, data)


def time_stage(folder: Path, images: dict[str, bytes]) -> str:
    """Return the time of the stage organize with the search, against that without it."""
    write(images, folder / "images.zip")
    own = [f"download.path={folder}/images.zip", "organize.limit="]
    workspace.set_params(*own)
    workspace.module("stages.download")

    def side(value: str) -> Callable[[], int]:
        def organize() -> int:
            workspace.set_params(*own, f"organize.near_duplicates={value}")
            workspace.module("stages.organize")
            return sum(1 for _ in paths.ORGANIZED.rglob("*.jpg"))

        return organize

    timing = in_turn(side("off"), side("together"), ROUNDS)
    off, on = (median_seconds(side) / timing.items * 1000 for side in (timing.ours, timing.theirs))
    seconds = f"{on:.2f} s per 1,000 images with the search, {off:.2f} s without"
    return f"organize: {seconds}, {timing.ratio:.2f} times, process start included"


def open_image(data: bytes) -> Image.Image:
    """Decode an image as RGB."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def encode(image: Image.Image, kind: str = "JPEG", quality: int = 90) -> bytes:
    """Return the bytes of a file; PNG ignores the quality."""
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=quality)
    return buffer.getvalue()


def crop(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    """Cut off these shares of an image."""
    width, height = image.size
    x, y = round(left * width), round(top * height)
    return image.crop((x, y, width - round(right * width), height - round(bottom * height)))


CHANGES: dict[str, Callable[[Image.Image], bytes]] = {
    "JPEG quality 60": lambda image: encode(image, quality=60),
    "JPEG quality 30": lambda image: encode(image, quality=30),
    "PNG": lambda image: encode(image, "PNG"),
    "half the size": lambda image: encode(image.reduce(2)),
    "150x150 pixels": lambda image: encode(image.resize((150, 150))),
    "grey": lambda image: encode(image.convert("L")),
    "brightness +10 %": lambda image: encode(ImageEnhance.Brightness(image).enhance(1.1)),
    "3 % cropped, half on each side": lambda image: encode(crop(image, *[0.015] * 4)),
    "3 % cropped at the left and top": lambda image: encode(crop(image, 0.03, 0.03, 0, 0)),
    "3 % cropped on each side": lambda image: encode(crop(image, *[0.03] * 4)),
}


if __name__ == "__main__":
    run(main)
