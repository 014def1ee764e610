"""Sort the archive's images into train, validation and test folders, one folder per class.

Reads   data/raw
Writes  data/organized/<split>/<class>/<file>, data/groups.json, metrics/organize.json,
        metrics/organize/
Params  seed, organize

Every image is decoded once, to find damaged ones; then its original bytes are copied from the
archive. Memory holds the names and sizes of all images, but never all of their bytes.
"""

import hashlib
from collections import Counter
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from convline.images.archives import read_members
from convline.images.file_names import target_paths
from convline.images.groups import group_of
from convline.images.labels import find_labels, split_of
from convline.images.preview import write_balance, write_samples
from convline.images.scan import Image, inspect_all
from convline.images.splits import Splits, assign_splits
from convline.params.loading import load_params
from convline.params.schema import Organize
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_dir, write_json
from convline.runtime.runner import run
from convline.sources.provenance import read_source


def main() -> None:
    params = load_params()
    archive = read_source().archive
    scan = inspect_all(archive, params.organize, lambda _: True)
    images, bad = scan.images, scan.bad
    refuse_bad(images, bad, params.organize.max_bad_images)
    contents = {name: image.sha256 for name, image in images.items()}
    labels = find_labels(contents, archive, params.organize)
    repeated = find_repeated(images, labels)
    labels = {name: label for name, label in labels.items() if name not in repeated}
    splits = assign_splits(labels, contents, params.organize, params.seed)
    targets = target_paths(splits, labels)
    with fresh_dir(paths.ORGANIZED) as folder:
        write_images(archive, targets, folder, params.organize.metadata_encoding)
        with fresh_dir(paths.metrics_folder("organize")) as preview:
            write_balance(targets, preview)
            write_samples(targets, folder, preview)
    write_json(paths.GROUPS, find_groups(targets, params.organize.group_pattern))
    n_repeated = len(repeated) + scan.repeated
    left_out = {"repeated": n_repeated, "unlabelled": len(images) - len(labels) - len(repeated)}
    summary = summarize(splits, labels, targets, images, params.organize)
    write_json(paths.metrics("organize"), {"organize": {**summary, **left_out, **name_bad(bad)}})
    report(splits, labels, {"cannot be decoded": len(bad), **left_out})
    warn_of_contradictions(summary)


def refuse_bad(images: dict[str, Image], bad: dict[str, str], limit: int) -> None:
    """Raise an error if more than `organize.max_bad_images` images cannot be decoded."""
    if len(bad) <= limit:
        return
    lines = [f"  {name}: {why}" for name, why in islice(sorted(bad.items()), 10)]
    more = [f"  ... and {len(bad) - 10} more"] * (len(bad) > 10)
    counts = f"{len(bad)} of {len(images) + len(bad):,} images cannot be decoded"
    raise UserError("\n".join([f"{counts}; organize.max_bad_images is {limit}:", *lines, *more]))


def find_repeated(images: dict[str, Image], labels: dict[str, str]) -> set[str]:
    """Return images that an archive contains a second time, with the same name, class and split.

    Kaggle's chest X-rays contain their whole tree twice, the second time one folder deeper; the
    copy with the shorter path is kept. Equal images with other names are not a packing mistake:
    they are kept, and `assign_splits` keeps them in one split.
    """
    repeated = set()
    kept: set[tuple[str | bytes | None, ...]] = set()
    for name in sorted(labels, key=lambda name: (name.count("/"), name)):
        identity = (labels[name], *images[name].identity(name))
        if identity in kept:
            repeated.add(name)
        kept.add(identity)
    return repeated


def find_groups(targets: dict[str, Path], pattern: str | None) -> dict[str, str]:
    """Return the group of each image that has one, by its key `<class>/<file>`."""
    keys = {name: "/".join(target.parts[1:]) for name, target in targets.items()}
    groups = {keys[name]: group_of(name, pattern) for name in sorted(targets)}
    return {key: group for key, group in groups.items() if group is not None}


def write_images(
    archive: Path, targets: dict[str, Path], folder: Path, encoding: str | None
) -> None:
    """Copy each image of `targets` from the archive to its place in `folder`, once."""
    left = dict(targets)
    for parent in {target.parent for target in targets.values()}:
        (folder / parent).mkdir(parents=True)
    members = read_members(archive, left.__contains__, encoding)
    # disable=None: no bar if the output is not a terminal.
    for name, data in tqdm(members, "write", len(targets), unit=" images", disable=None):
        (folder / left.pop(name)).write_bytes(data)


def summarize(
    splits: Splits,
    labels: dict[str, str],
    targets: dict[str, Path],
    images: dict[str, Image],
    organize: Organize,
) -> dict[str, object]:
    """Return the metrics: numbers and sizes of images, duplicates and groups."""
    used = [images[name] for names in splits.values() for name in names]
    copies = Counter(image.sha256 for image in used)
    classes = {split: Counter(labels[name] for name in names) for split, names in splits.items()}
    found = sorted({label for counts in classes.values() for label in counts})
    return {
        "images": len(used),
        "test_sha256": fingerprint(splits["test"], targets, images),
        "n_classes": len(found),
        "bytes": sum(image.size for image in used),
        # A list, so that `dvc exp show` has one column for it, not one per class.
        "per_class": [
            {"class": label, **{split: counts[label] for split, counts in classes.items()}}
            for label in found
        ],
        "sizes": {
            "least": [min(x.height for x in used), min(x.width for x in used)],
            "most": [max(x.height for x in used), max(x.width for x in used)],
        },
        "equal_images": sum(count - 1 for count in copies.values()),
        "moved": count_moved(splits, organize),
        "contradictory": find_contradictions(labels, images),
        **{split: len(names) for split, names in splits.items()},
        "groups": {
            split: len({group_of(name, organize.group_pattern) for name in names} - {None})
            for split, names in splits.items()
        },
    }


def fingerprint(names: list[str], targets: dict[str, Path], images: dict[str, Image]) -> str:
    """Return a digest of the files, classes and bytes of images.

    The scores of two commits can be compared if the digests of their test splits are equal.
    """
    facts = sorted(f"{targets[name]} {images[name].sha256.hex()}" for name in names)
    return hashlib.sha256("\n".join(facts).encode(errors="surrogateescape")).hexdigest()


def count_moved(splits: Splits, organize: Organize) -> int:
    """Return how many images left the archive's split to join a duplicate (organize.duplicates)."""
    kept = {"fractions": (), "test_folder": ("test",), "folders": paths.SPLITS}[
        organize.split_method
    ]
    return sum(
        split != split_of(name) and (split in kept or split_of(name) in kept)
        for split, names in splits.items()
        for name in names
    )


def find_contradictions(labels: dict[str, str], images: dict[str, Image]) -> list[list[str]]:
    """Return lists of images with equal bytes and different classes."""
    names: dict[bytes, list[str]] = {}
    for name in sorted(labels):
        names.setdefault(images[name].sha256, []).append(name)
    return [same for same in names.values() if len({labels[name] for name in same}) > 1]


def warn_of_contradictions(summary: dict[str, object]) -> None:
    """Print equal images with different classes, since one of their labels must be wrong."""
    for same in islice(summary["contradictory"], 10):  # type: ignore[call-overload]
        print(f"equal images, different classes: {', '.join(same)}")


def name_bad(bad: dict[str, str]) -> dict[str, object]:
    """Return the number of images that cannot be decoded, with names and reasons."""
    return {"bad_images": len(bad), "bad": [f"{name}: {why}" for name, why in sorted(bad.items())]}


def report(splits: Splits, labels: dict[str, str], left_out: dict[str, int]) -> None:
    """Print the counts of each split and class, and what was left out."""
    for split, names in splits.items():
        classes = Counter(labels[name] for name in names)
        shown = ", ".join(f"{label} {classes[label]:,}" for label in sorted(classes)[:10])
        print(f"{split:<10} {len(names):>7,}  {shown}{' ...' * (len(classes) > 10)}")
    for why, count in left_out.items():
        if count:
            print(f"left out   {count:>7,}  {why}")


if __name__ == "__main__":
    run(main)
