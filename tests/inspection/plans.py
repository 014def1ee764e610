"""Plans for small archives."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from convline.inspection.plan import make_plan
from tests.image_archives import pack


def photo(seed, width=20, height=20, mode="RGB", kind="PNG"):
    """Return a file of random pixels."""
    shape = (height, width, 3) if mode == "RGB" else (height, width)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def photos(folders, images=20, **options):
    """Return `images` different files in each of the folders."""
    names = [f"{folder}/{number}.png" for folder in folders for number in range(images)]
    return {name: photo(seed, **options) for seed, name in enumerate(names)}


def plan_for(files, *values, probe=False):
    """Make a plan for these files, in a zip."""
    archive = Path("photos.zip")
    archive.write_bytes(files if isinstance(files, bytes) else pack(files))
    download = {"kind": "archive", "name": None, "path": str(archive.absolute())}
    return make_plan(archive, archive.name, download, values, probe=probe)


def chosen(plan):
    """Return the chosen values by parameter."""
    return {choice.param: choice.value for choice in plan.choices}
