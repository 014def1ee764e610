"""The peer of benchmarks/preprocess.py: decode and resize all images, and keep nothing of them.

    python -m benchmarks.decode FOLDER HEIGHT WIDTH

Pillow in as many threads as there are cores: it lets go of Python's lock while it works.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from PIL import Image


def main() -> None:
    folder, height, width = Path(sys.argv[1]), *map(int, sys.argv[2:])
    print(decode_all(folder, (width, height)))


def decode_all(folder: Path, size: tuple[int, int]) -> int:
    """Decode all files below `folder` and resize them to `size`, width and height; count them."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(image.size == size for image in pool.map(partial(decode, size=size), files))


def decode(file: Path, size: tuple[int, int]) -> Image.Image:
    """One image, RGB."""
    with Image.open(file) as image:
        return image.convert("RGB").resize(size, Image.Resampling.BILINEAR)


if __name__ == "__main__":
    main()
