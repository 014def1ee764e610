"""Sort the archive's images into train, validation and test folders, one folder per class.

Reads   data/raw
Writes  data/organized/<split>/<class>/<file>, metrics/organize.json
Params  seed, organize

Every image is decoded once, to know that it can be; then its bytes are copied as they are, from the
archive straight into place.
"""

import hashlib
import json
import os
import unicodedata
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from stages.common import paths
from stages.common.archives import read_members
from stages.common.command import UserError, run
from stages.common.files import fresh_dir, write_json
from stages.common.images import BadImage, decode, is_image_name
from stages.common.labels import label_of
from stages.common.params import load_params
from stages.common.splits import Splits, assign_splits

BATCH = 64  # images in memory at a time
MAX_NAME_BYTES = 255  # of the file systems of Linux and macOS


def main() -> None:
    params = load_params()
    archive = find_archive()
    good, bad = decode_all(archive)
    refuse_bad(good, bad, params.organize.max_bad_images)
    labels = {name: label for name in good if (label := label_of(name, params.organize))}
    splits = assign_splits(labels, params.organize, params.seed)
    with fresh_dir(paths.ORGANIZED) as folder:
        write_images(archive, target_paths(splits, labels), folder)
    unlabelled = len(good) - len(labels)
    write_json(paths.metrics("organize"), {"organize": summarize(splits, labels, bad, unlabelled)})
    report(splits, labels, bad, unlabelled)


def find_archive() -> Path:
    """The archive that the download stage named in `source.json`."""
    try:
        source = json.loads((paths.RAW / "source.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"there is no {paths.RAW}; run `dvc repro organize`") from None
    return paths.RAW / source["file"]


def decode_all(archive: Path) -> tuple[list[str], dict[str, str]]:
    """Names of the images that can be decoded, and of those that cannot, with the reason."""
    good: list[str] = []
    bad: dict[str, str] = {}
    # Threads: Pillow's decoders run without the interpreter lock.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        members = _progress(read_members(archive, is_image_name), "decode")
        while batch := list(islice(members, BATCH)):
            for (name, _), reason in zip(batch, pool.map(_why_bad, batch), strict=True):
                if reason is None:
                    good.append(name)
                else:
                    bad[name] = reason
    twice = [name for name, times in Counter([*good, *bad]).items() if times > 1]
    if twice:
        raise UserError(f"{archive} has two images named '{twice[0]}'; rename one of them")
    if not good and not bad:
        raise UserError(f"{archive} has no image in it; images are known by endings such as .jpg")
    return good, bad


def refuse_bad(good: list[str], bad: dict[str, str], limit: int) -> None:
    """Stop when more images cannot be decoded than `organize.max_bad_images` lets pass."""
    if len(bad) <= limit:
        return
    total = len(good) + len(bad)
    lines = [f"  {name}: {why}" for name, why in islice(sorted(bad.items()), 10)]
    more = [f"  ... and {len(bad) - 10} more"] * (len(bad) > 10)
    counts = f"{len(bad)} of {total:,} images cannot be decoded"
    raise UserError("\n".join([f"{counts}; organize.max_bad_images is {limit}:", *lines, *more]))


def target_paths(splits: Splits, labels: dict[str, str]) -> dict[str, Path]:
    """Where each image goes: `<split>/<class>/<file>`, the pair class and file being unique.

    A file name that occurs twice in a class, also if only in another case (macOS), or that is too
    long, gets a digest of the whole path instead of its tail.
    """
    split_of = {name: split for split, names in splits.items() for name in names}
    files = {name: PurePosixPath(name).name for name in split_of}
    taken = Counter((labels[name], _folded(file)) for name, file in files.items())
    targets = {}
    for name, file in files.items():
        too_long = len(os.fsencode(file)) > MAX_NAME_BYTES
        repeated = taken[labels[name], _folded(file)] > 1
        unique = _digested(name) if too_long or repeated else file
        targets[name] = Path(split_of[name], labels[name], unique)
    return targets


def write_images(archive: Path, targets: dict[str, Path], folder: Path) -> None:
    """Copy each image of `targets` from the archive to its place in `folder`."""
    for parent in {target.parent for target in targets.values()}:
        (folder / parent).mkdir(parents=True)
    members = read_members(archive, targets.__contains__)
    for name, data in _progress(members, "write", total=len(targets)):
        (folder / targets[name]).write_bytes(data)


def summarize(
    splits: Splits, labels: dict[str, str], bad: dict[str, str], unlabelled: int
) -> dict[str, object]:
    """The figures for metrics/organize.json."""
    return {
        "images": sum(map(len, splits.values())),
        "classes": len({labels[name] for name in splits["train"]}),
        **{split: len(names) for split, names in splits.items()},
        "bad_images": len(bad),
        "bad": [f"{name}: {why}" for name, why in sorted(bad.items())],
        "unlabelled": unlabelled,
    }


def report(splits: Splits, labels: dict[str, str], bad: dict[str, str], unlabelled: int) -> None:
    """Print the counts of each split and class, and what was left out."""
    for split, names in splits.items():
        classes = Counter(labels[name] for name in names)
        shown = ", ".join(f"{label} {classes[label]:,}" for label in sorted(classes)[:10])
        print(f"{split:<10} {len(names):>7,}  {shown}{' ...' * (len(classes) > 10)}")
    if bad:
        print(f"{len(bad):,} images cannot be decoded; metrics/organize.json names them")
    if unlabelled:
        print(f"{unlabelled:,} images tell no class (organize.labels) and are left out")


def _why_bad(member: tuple[str, bytes]) -> str | None:
    try:
        decode(member[1], "rgb")
    except BadImage as error:
        return str(error)
    return None


def _folded(file: str) -> str:
    return unicodedata.normalize("NFC", file).casefold()


def _digested(name: str) -> str:
    path = PurePosixPath(name)
    tail = f"-{hashlib.sha256(name.encode()).hexdigest()[:12]}{path.suffix}"
    stem = path.stem.encode()[: MAX_NAME_BYTES - len(tail.encode())]
    return stem.decode(errors="ignore") + tail


def _progress(
    members: Iterator[tuple[str, bytes]], what: str, total: int | None = None
) -> Iterator[tuple[str, bytes]]:
    # disable=None: no bar where the output is no terminal.
    return iter(tqdm(members, what, total, unit=" images", disable=None))


if __name__ == "__main__":
    run(main)
