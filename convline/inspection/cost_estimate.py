"""Estimate minutes and disk space of a run on this machine.

The speed of convolutions and of decoding is measured here. The other constants are rounded from the
default run and the benchmarks, on two cores of an Intel Xeon with AMX.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from convline.params.per_layer import per_layer
from convline.params.schema import Params, Train

# Operations of VGG16 per pixel of its input (30.7e9 at 224x224), a multiply-add counted as two.
VGG16_OPERATIONS = 30.7e9 / 224**2
VGG16_SPEED = 0.9  # of the probe's
# The first convolution of a small CNN has few channels, and training moves more memory.
SCRATCH_SPEED = 0.35
BACKWARD = 3  # a training step's operations, in forward passes
# Seconds of each stage beyond what grows with the images: imports, tracing, DVC.
START = {
    "download": 2.5,
    "organize": 2.0,
    "preprocess": 1.5,
    "train": 6.0,
    "extract": 5.0,
    "train_head": 6.0,
    "evaluate": 6.0,
}
STEP, HEAD_STEP = 5e-3, 4e-3  # least seconds of a training step
MEMBER = 0.1e-3  # seconds to find a file in an archive and to read it
COPYING = 1e8  # bytes per second: copied, checked, hashed by the stage and by DVC
FILE = 0.6e-3  # seconds to write a file of data/organized, and for DVC to hash it
# Early stopping: assumed shares of `epochs` that are run at least, typically and at most.
EPOCHS = (0.3, 0.6, 1.0)
COPIES = 2  # DVC's cache keeps a copy where the file system has no reflinks
MODELS = 3e7  # bytes, between those of the two models
PACKED = 8  # times smaller than raw pixels

Range = tuple[float, float, float]


@dataclass(frozen=True)
class Work:
    """What the run has to do.

    Attributes:
        splits: number of images in train, validation and test.
        archive_bytes: size of the archive.
        image_bytes: size of the images in it.
        decoding: seconds to decode an image for organize, on all cores.
        resizing: seconds to decode and resize an image for preprocess, on one core.
    """

    splits: tuple[int, int, int]
    archive_bytes: int
    image_bytes: int
    decoding: float
    resizing: float


@dataclass(frozen=True)
class Estimate:
    """Seconds of each stage: at least, typically and at most; and bytes on disk."""

    seconds: dict[str, Range]
    disk: float

    def total(self, which: int) -> float:
        """Return the seconds of all stages: 0 at least, 1 typically, 2 at most."""
        return sum(stage[which] for stage in self.seconds.values())

    def describe(self) -> str:
        """Return the estimate in one line."""
        low, middle, high = (_time(self.total(which)) for which in range(3))
        disk = f"{self.disk / 1e9:.1f} GB" if self.disk >= 1e8 else f"{self.disk / 1e6:.0f} MB"
        spread = ""
        if low != high:
            number, unit = low.split()
            least = number if high.endswith(f" {unit}") else low
            spread = f" ({least} to {high}, as early stopping decides)"
        return f"about {middle}{spread} and {disk} of disk space"


@contextmanager
def speed_probe(device: str, precision: str) -> Iterator["SpeedProbe"]:
    """Yield a probe that loads TensorFlow in the background, and end it."""
    command = [sys.executable, "-m", "convline.inspection.speed_probe", device, precision]
    with subprocess.Popen(  # noqa: S603 (this Python)
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield SpeedProbe(process)
        finally:
            process.kill()


class SpeedProbe:
    """A process that measures convolutions."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def measure(self) -> float | None:
        """Return operations per second, after half a second; None if TensorFlow cannot be used."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            return None
        with suppress(BrokenPipeError):
            stdin.write("\n")
            stdin.flush()
        # Without waiting for the end of the process, which takes a second.
        speed = stdout.readline()
        return float(speed) if speed else None


def estimate(params: Params, work: Work, speed: float) -> Estimate:
    """Estimate the run that `params` define.

    Args:
        params: the chosen parameters.
        work: the images.
        speed: operations per second of the probe.
    """
    images, (train, validation, test) = sum(work.splits), work.splits
    forward = scratch_operations(params.train, params.preprocess.image_size, _channels(params))
    names = params.extract.backbone
    backbones = 1 if isinstance(names, str) else len(names)
    features = backbones * VGG16_OPERATIONS * _pixels(params.extract.image_size)
    scratch = forward / (speed * SCRATCH_SPEED)
    steps = train / params.train.batch_size
    epoch = max(steps * STEP, BACKWARD * train * scratch) + validation * scratch
    head_epoch = train / params.train_head.batch_size * HEAD_STEP
    seconds = {
        "download": images * MEMBER + work.archive_bytes / COPYING,
        "organize": images * (work.decoding + MEMBER + FILE),
        "preprocess": images * work.resizing / (os.cpu_count() or 1),
        "extract": images * features / (speed * VGG16_SPEED),
        "evaluate": (validation + test) * scratch,
    }
    every: dict[str, Range] = {
        stage: (START[stage] + x, START[stage] + x, START[stage] + x)
        for stage, x in seconds.items()
    }
    every["train"] = _training("train", params.train.epochs * epoch)
    every["train_head"] = _training("train_head", params.train_head.epochs * head_epoch)
    records = images * _pixels(params.preprocess.image_size) * _channels(params)
    if params.preprocess.encoding != "raw":
        records //= PACKED
    disk = COPIES * (work.archive_bytes + work.image_bytes + records + MODELS)
    return Estimate({stage: every[stage] for stage in START}, disk)


def _training(stage: str, seconds: float) -> Range:
    """Return the range for a stage whose epochs all together take `seconds`."""
    low, middle, high = (START[stage] + share * seconds for share in EPOCHS)
    return low, middle, high


def scratch_operations(train: Train, image_size: list[int], channels: int) -> float:
    """Return the operations of the scratch CNN for one image, forwards, padded as `same`."""
    height, width = image_size
    total = 0.0
    for filters, pool in zip(
        train.filters, per_layer(train.pool_size, len(train.filters)), strict=True
    ):
        for _ in range(train.convs_per_block):
            total += 2 * height * width * train.kernel_size**2 * channels * filters
            channels = filters
        height, width = height // pool, width // pool
    inputs = height * width * channels
    for units in train.dense_units:
        total += 2 * inputs * units
        inputs = units
    return total


def _channels(params: Params) -> int:
    return 1 if params.preprocess.color_mode == "grayscale" else 3


def _pixels(image_size: list[int]) -> int:
    return image_size[0] * image_size[1]


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
