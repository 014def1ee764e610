"""Decode a sample of the images, to measure sizes and colours without reading all pixels."""

import hashlib
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

import numpy as np

from convline.images.decoding import BadImage, decode_with_facts
from convline.images.image_cache import ImageCache
from convline.images.image_list import random_order
from convline.images.near_duplicates import NearDuplicates, find_near_duplicates
from convline.images.perceptual_hash import LEAST, perceptual_hash
from convline.images.scan import Image, in_threads

SIZE = 1000  # images; of a share of 1 %, it shows 0.4 to 1.6 %
PER_CLASS = 8  # images at least, for the contact sheet
# A pixel is coloured if its channels differ by more than this, of 255; JPEG changes grey by less.
MIN_SPREAD = 16
MIN_COLOURED = 0.01  # share of an image's pixels


class Shape(NamedTuple):
    """Medians and ranges, in pixels, and the spread of aspect ratios.

    Attributes:
        height: median.
        width: median.
        smallest: smallest height or width.
        largest: largest height or width.
        short_side: median of the shorter side.
        ratios: 5th, 50th and 95th percentile of width / height.
    """

    height: int
    width: int
    smallest: int
    largest: int
    short_side: int
    ratios: tuple[float, float, float]


@dataclass(frozen=True)
class ImageSample:
    """What the sample shows.

    Attributes:
        images: facts about the images that can be decoded, by name.
        coloured: names of those with colours.
        bad: the reasons why others cannot be decoded.
        near: near duplicates among `images`.
        total: number of images from which the sample was drawn.
        seconds: time to decode an image, on all cores together.
    """

    images: Mapping[str, Image]
    coloured: set[str]
    bad: Mapping[str, str]
    near: NearDuplicates
    total: int
    seconds: float

    @property
    def complete(self) -> bool:
        """Return True if all images were decoded."""
        return self.count == self.total

    @property
    def count(self) -> int:
        """Return the number of images in the sample."""
        return len(self.images) + len(self.bad)

    @property
    def bad_share(self) -> float:
        """Return the share of the images that cannot be decoded."""
        return len(self.bad) / self.count

    def shape(self) -> Shape:
        """Return the sizes of the images."""
        heights = [image.height for image in self.images.values()]
        widths = [image.width for image in self.images.values()]
        low, middle, high = np.quantile(np.divide(widths, heights), [0.05, 0.5, 0.95]).tolist()
        return Shape(
            round(median(heights)),
            round(median(widths)),
            min(heights + widths),
            max(heights + widths),
            round(median(map(min, heights, widths))),
            (low, middle, high),
        )


def take_sample(classes: Mapping[str, str], cache: ImageCache) -> ImageSample:
    """Decode up to `SIZE` images, and some more of rare classes.

    The same names give the same sample, in whatever order the archive has them.

    Args:
        classes: class of each image.
        cache: the bytes of the images.
    """
    names = sample_names(classes)
    coloured: set[str] = set()

    def inspect(name: str, data: bytes) -> Image | str:
        try:
            decoded = decode_with_facts(data, "rgb", LEAST, name=name)
        except BadImage as error:
            return str(error)
        pixels = np.asarray(decoded.image)
        spread = pixels.max(axis=-1) - pixels.min(axis=-1)
        if (spread > MIN_SPREAD).mean() > MIN_COLOURED:
            coloured.add(name)
        fingerprint = perceptual_hash(decoded.image, *decoded.size)
        return Image(
            hashlib.sha256(data).digest(),
            len(data),
            *decoded.size,
            decoded.peak,
            fingerprint,
            decoded.loses_low_bytes,
        )

    start = time.perf_counter()
    found = dict(in_threads(cache.read(names), inspect))
    seconds = (time.perf_counter() - start) / len(names)
    images = {name: image for name, image in found.items() if isinstance(image, Image)}
    bad = {name: image for name, image in found.items() if isinstance(image, str)}
    near = find_near_duplicates(images, cache)
    return ImageSample(images, coloured, bad, near, len(classes), seconds)


def sample_names(classes: Mapping[str, str]) -> list[str]:
    """Return names in a random order that depends on nothing but the names.

    The first `SIZE` of all, and the first `PER_CLASS` of each class.
    """
    names = sorted(classes, key=random_order)
    counts: dict[str, int] = defaultdict(int)
    chosen = []
    for number, name in enumerate(names):
        counts[classes[name]] += 1
        if number < SIZE or counts[classes[name]] <= PER_CLASS:
            chosen.append(name)
    return chosen
