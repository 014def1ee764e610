"""Memory and time of each stage by the number of images; prints a table.

    python -m benchmarks.scale                 2,000, 20,000 and 60,000 images
    python -m benchmarks.scale 2000 4000

The images are the 2,000 of the other benchmarks, repeated under other names, 32x32 pixels for the
networks, one epoch. Memory is the maximum of a stage's own memory in MB, without mapped and cached
file pages, which the system can reclaim. The training stages run as if no images fitted into
memory; otherwise they keep the train and validation images there while these need less than half
of the free memory. Linux only.
"""

import argparse
import re
import zipfile
from itertools import chain, cycle, islice
from pathlib import Path

import pandas as pd

from benchmarks import workspace
from benchmarks.usage import Usage, measured
from convline.images.archives import read_members
from convline.runtime.runner import run

NOTHING_FITS = "from convline.runtime import memory; memory.fits = lambda size: False; "
VALUES = [
    "organize.limit=",
    "preprocess.image_size=[32,32]",
    "extract.image_size=[32,32]",
    "train.epochs=1",
    "train_head.epochs=1",
]


def main() -> None:
    counts = parse_arguments().images
    rows = {}
    with workspace.workspace() as folder:
        for count in counts:
            repeat(workspace.archive(), count, folder / "images.zip")
            own = f"download.path={folder}/images.zip"
            workspace.set_params(own, "extract.weights=none", *VALUES)
            rows[count] = {stage: measure(stage) for stage in workspace.STAGES}
            print(rows[count], flush=True)
    print(table(rows))


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("images", nargs="*", type=int, default=[2_000, 20_000, 60_000])
    return parser.parse_args()


def repeat(archive: Path, count: int, path: Path) -> None:
    """Write a zip of `count` images: those of `archive`, repeated under new names."""
    labelled = re.compile(r"(cat|dog)\.\d+\.jpg$")
    images: dict[str, list[bytes]] = {"cat": [], "dog": []}
    for name, data in read_members(archive, lambda name: bool(labelled.search(name))):
        images[labelled.findall(name)[0]].append(data)
    # In turn, so that a few images are of both classes, too.
    pairs = zip(cycle(images), chain.from_iterable(zip(*images.values(), strict=False)))
    with zipfile.ZipFile(path, "w") as target:
        for i, (label, data) in enumerate(islice(cycle(pairs), count)):
            target.writestr(f"{label}.{i}.jpg", data)


def measure(stage: str) -> Usage:
    """Run a stage as if no images fitted into memory."""
    code = f"{NOTHING_FITS}from stages import {stage}; from convline.runtime.runner import run; "
    return measured(workspace.python(f"{code}run({stage}.main)"))[1]


def table(rows: dict[int, dict[str, Usage]]) -> str:
    """Return Markdown: a line per stage, seconds and MB per number of images."""
    columns = {
        f"{count:,} images": {
            stage: f"{usage.seconds:.0f} s, {usage.memory or 0:.0f} MB"
            for stage, usage in stages.items()
        }
        for count, stages in rows.items()
    }
    return pd.DataFrame(columns).to_markdown()


if __name__ == "__main__":
    run(main)
