"""The peer of benchmarks/preprocess.py: decode and resize all images without storing them.

    python -m benchmarks.decode FOLDER HEIGHT WIDTH

Pillow runs in one thread per core; it releases the GIL while it decodes.
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
    """Decode and resize all files below `folder` to `size` (width, height); return their number."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(image.size == size for image in pool.map(partial(decode, size=size), files))


def decode(file: Path, size: tuple[int, int]) -> Image.Image:
    """Return one resized RGB image."""
    with Image.open(file) as image:
        return image.convert("RGB").resize(size, Image.Resampling.BILINEAR)


if __name__ == "__main__":
    main()
