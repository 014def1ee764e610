"""Find near duplicates: images that are copies of one picture with other bytes."""

import csv
from collections.abc import Container, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NamedTuple

import numpy as np
from scipy.cluster.hierarchy import DisjointSet

from convline.images import pixel_comparison
from convline.images.decoding import decode_with_facts
from convline.images.image_cache import ImageCache
from convline.images.perceptual_hash import NEIGHBOURS, find_similar
from convline.images.pixel_comparison import BYTES, similarities, to_picture
from convline.images.scan import Image, in_threads
from convline.runtime.files import fresh_file

COLUMNS = (
    "first",
    "second",
    "similarity",
    "first_split",
    "second_split",
    "first_class",
    "second_class",
)
CHUNK = 64  # pairs that a thread compares at a time


class Pair(NamedTuple):
    """Two names, in alphabetical order, and the similarity of their images, 0 to 1."""

    first: str
    second: str
    similarity: float


class NearDuplicates(NamedTuple):
    """The result of a search.

    Attributes:
        pairs: the most similar ones first.
        crowded: number of images with more similar ones than are compared.
    """

    pairs: list[Pair]
    crowded: int

    def among(self, names: Container[str]) -> "NearDuplicates":
        """Return the pairs of which both images are among `names`."""
        pairs = [x for x in self.pairs if x.first in names and x.second in names]
        return self._replace(pairs=pairs)


def find_near_duplicates(images: Mapping[str, Image], cache: ImageCache) -> NearDuplicates:
    """Find images that were resized, re-encoded, slightly cropped, brightened or turned grey.

    Candidates have similar perceptual hashes; they are read again and compared on pixels. The
    result depends on nothing but the images and their names. Images with the same bytes count as
    one, under the first of their names.

    Args:
        images: facts about the images to compare, with fingerprints, by name.
        cache: the bytes of these images.
    """
    distinct: dict[bytes, str] = {}
    for name in sorted(images):
        if images[name].fingerprint is not None:
            distinct.setdefault(images[name].sha256, name)
    names = list(distinct.values())
    candidates, crowded = find_similar([images[name].fingerprint or b"" for name in names])
    if not len(candidates):
        return NearDuplicates([], crowded)
    small = np.array([_is_small(images[name]) for name in names])[candidates].any(axis=1)
    scores = _compare(names, candidates, small, cache)
    pairs = [
        Pair(names[first], names[second], round(float(score), 4))
        for (first, second), score in zip(candidates, scores, strict=True)
        if score
    ]
    return NearDuplicates(sorted(pairs, key=lambda pair: (-pair.similarity, pair)), crowded)


def group_pairs(pairs: Iterable[Pair]) -> list[set[str]]:
    """Return the sets of images that are near duplicates, directly or through others."""
    sets = DisjointSet()
    for pair in pairs:
        sets.add(pair.first)
        sets.add(pair.second)
        sets.merge(pair.first, pair.second)
    return sets.subsets()


def summarize_pairs(
    found: NearDuplicates,
    targets: Mapping[str, Path],
    archive_splits: Mapping[str, str],
) -> dict[str, Any]:
    """Return the metrics of near duplicates.

    Args:
        found: pairs of used images.
        targets: `<split>/<class>/<file>` of each used image.
        archive_splits: the archive's own split of images that have one.
    """
    groups = group_pairs(found.pairs)
    ends = [(targets[pair.first].parts, targets[pair.second].parts) for pair in found.pairs]
    own = [[archive_splits.get(name) for name in pair[:2]] for pair in found.pairs]
    return {
        "pairs": len(found.pairs),
        "groups": len(groups),
        "grouped_images": sum(map(len, groups)),
        "largest_group": max(map(len, groups), default=0),
        "in_two_splits": sum(one[0] != other[0] for one, other in ends),
        "in_two_archive_splits": sum(None not in x and x[0] != x[1] for x in own),
        "in_two_classes": sum(one[1] != other[1] for one, other in ends),
        "crowded": found.crowded,
    }


def describe_pairs(found: NearDuplicates, targets: Mapping[str, Path]) -> Iterator[str]:
    """Yield the lines to print.

    Args:
        found: pairs of used images.
        targets: `<split>/<class>/<file>` of each used image.
    """
    if found.pairs:
        sizes = [len(group) for group in group_pairs(found.pairs)]
        groups = f"{_count(len(sizes), 'group')} of up to {max(sizes):,} images"
        yield f"near duplicates: {_count(len(found.pairs), 'pair')}, {groups}"
    for part, what, advice in (
        (
            0,
            "splits",
            "organize.split_method: fractions with organize.near_duplicates: together joins them",
        ),
        (1, "classes", "one of the labels may be wrong"),
    ):
        apart = [x for x in found.pairs if targets[x[0]].parts[part] != targets[x[1]].parts[part]]
        if apart:
            example = f"'{apart[0].first}' and '{apart[0].second}'"
            count = f"near duplicates in two {what}: {_count(len(apart), 'pair')}"
            yield f"{count}, such as {example}; {advice}"
    if found.crowded:
        compared = f"only the {NEIGHBOURS} closest were compared"
        yield f"{found.crowded:,} images resemble more than {NEIGHBOURS} others; {compared}"


def write_pairs(pairs: Iterable[Pair], targets: Mapping[str, Path], path: Path) -> None:
    """Write a row for each pair: names in the archive, similarity, splits and classes."""
    with fresh_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for pair in pairs:
            ends = zip(targets[pair.first].parts[:2], targets[pair.second].parts[:2], strict=True)
            table.writerow([*pair, *chain.from_iterable(ends)])


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _is_small(image: Image) -> bool:
    return min(image.height, image.width) < pixel_comparison.SIDE


def _compare(
    names: list[str],
    candidates: np.ndarray,
    small: np.ndarray,
    cache: ImageCache,
) -> np.ndarray:
    """Return the similarity of each pair of indexes, 0 if it is not confirmed."""
    used = np.unique(candidates)
    rows = {names[index]: row for row, index in enumerate(used)}
    scores = np.zeros(len(candidates))
    # A file, because every image of a large data set may have a copy: 1 GB for 250,000.
    with TemporaryFile(dir=cache.folder) as file:
        pictures = np.memmap(file, np.uint8, "w+", shape=(len(used), BYTES))
        for name, picture in in_threads(cache.read(rows), _picture):
            pictures[rows[name]] = np.frombuffer(picture, np.uint8)

        def compare(which: np.ndarray) -> np.ndarray:
            ends = (pictures[np.searchsorted(used, candidates[which, i])] for i in range(2))
            return similarities(*ends, small=bool(small[which[0]]))

        with ThreadPoolExecutor() as pool:
            of_a_size = [np.flatnonzero(small), np.flatnonzero(~small)]
            parts = [part for x in of_a_size for part in _cut(x)]
            for part, result in zip(parts, pool.map(compare, parts), strict=True):
                scores[part] = result
    return scores


def _picture(name: str, data: bytes) -> bytes:
    image, size, *_ = decode_with_facts(data, "rgb", 2 * pixel_comparison.SIDE, name=name)
    return to_picture(image, *size)


def _cut(indexes: np.ndarray) -> list[np.ndarray]:
    return [indexes[i : i + CHUNK] for i in range(0, len(indexes), CHUNK)]
