"""Sort the archive's images into train, validation and test folders, one folder per class.

Reads   data/raw
Writes  data/organized/<split>/<class>/<file>, data/groups.json, data/near_duplicates.csv,
        metrics/organize.json, metrics/organize/
Params  seed, organize

Every image is decoded once, to find damaged ones and near duplicates; then its original bytes are
copied from the archive. Memory holds the names, sizes and fingerprints of all images, but never all
of their bytes.
"""

import hashlib
from collections import Counter, defaultdict
from itertools import chain, islice
from pathlib import Path
from typing import Any

from scipy.cluster.hierarchy import DisjointSet
from tqdm import tqdm

from convline.evaluation.positive_class import describe_positive
from convline.images.archives import read_members
from convline.images.near_duplicates import (
    describe_pairs,
    find_near_duplicates,
    summarize_pairs,
    write_pairs,
)
from convline.images.path_selection import PathSelection
from convline.images.preview import write_balance, write_near_duplicates, write_samples
from convline.images.scan import Image, inspect_all, refuse_bad
from convline.images.significant_bits import find_peaks, warn_of_unused_bits
from convline.labels.file_counts import count_files, describe_left_out
from convline.labels.file_names import target_paths
from convline.labels.image_labels import find_labels
from convline.labels.label_set import LabelSet
from convline.labels.splits import Splits, assign_splits
from convline.params.class_names import check_class_names
from convline.params.loading import load_params
from convline.params.schema import Organize
from convline.runtime import paths
from convline.runtime.files import fresh_dir, write_json
from convline.runtime.runner import run
from convline.sources.provenance import read_source


def main() -> None:
    params = load_params()
    organize, archive = params.organize, read_source().archive
    selection = PathSelection(organize)
    scan = inspect_all(archive, organize, selection)
    notes = selection.notes()
    refuse_bad(scan, organize.max_bad_images)
    copies = find_copies(scan.images)
    contents = {name: x.sha256 for name, x in scan.images.items() if name not in copies}
    labels = find_labels(contents, archive, organize)
    notes += [*labels.notes, *warn_of_unused_bits(scan.images)]
    print("\n".join(notes), end="\n" * bool(notes))
    copies |= drop_repeated(labels, scan.images)
    labelled = {name: scan.images[name] for name in labels.classes}
    near = find_near_duplicates(labelled, archive, organize.metadata_encoding)
    tied = [pair[:2] for pair in near.pairs if organize.near_duplicates == "together"]
    splits = assign_splits(labels, contents, organize, params.seed, tied)
    classes = sorted({labels.classes[name] for names in splits.values() for name in names})
    check_class_names(params, classes)
    targets = target_paths(splits, labels.classes)
    near = near.among(targets)
    with fresh_dir(paths.ORGANIZED) as folder:
        write_images(archive, targets, folder, organize.metadata_encoding)
        with fresh_dir(paths.metrics_folder("organize")) as preview:
            write_balance(targets, preview)
            write_samples(targets, folder, preview)
            write_near_duplicates(near.pairs, targets, folder, preview)
    write_json(paths.GROUPS, find_groups(targets, labels.groups, tied))
    write_pairs(near.pairs, targets, paths.NEAR_DUPLICATES)
    summary = summarize(splits, labels, targets, scan.images, organize)
    summary["near_duplicates"] = summarize_pairs(near, targets, labels.splits)
    summary |= count_files(scan, labels, copies, targets) | find_peaks(scan.images)
    summary["notes"] = [*notes, *describe_pairs(near, targets)]
    write_json(paths.metrics("organize"), {"organize": summary})
    report(splits, labels.classes, summary)
    for note in describe_pairs(near, targets):
        print(note)
    warn_of_contradictions(summary)
    # Printed only, because a change of evaluate.positive_class does not rerun this stage.
    for line in describe_positive(classes, params.evaluate.positive_class):
        print(line)


def find_copies(images: dict[str, Image]) -> set[str]:
    """Return images that an archive contains a second time, one or more folders deeper.

    Kaggle's chest X-rays contain their whole tree twice: `chest_xray/train` and
    `chest_xray/chest_xray/train`. The shorter path is kept.
    """
    copies = set()
    kept: dict[tuple[bytes, str], list[str]] = defaultdict(list)
    for name in sorted(images, key=lambda name: (name.count("/"), name)):
        same = kept[images[name].sha256, name.rsplit("/", 1)[-1]]
        if any(name.endswith(f"/{other}") for other in same):
            copies.add(name)
        else:
            same.append(name)
    return copies


def drop_repeated(labels: LabelSet, images: dict[str, Image]) -> set[str]:
    """Remove images that have the name, class, split and bytes of another one; return them.

    Equal images with other names are not a packing mistake: they are kept, and `assign_splits`
    keeps them in one split.
    """
    repeated = set()
    kept: set[tuple[str | bytes | None, ...]] = set()
    for name in sorted(labels.classes, key=lambda name: (name.count("/"), name)):
        file = name.rsplit("/", 1)[-1]
        identity = (labels.classes[name], images[name].sha256, file, labels.splits.get(name))
        if identity in kept:
            repeated.add(name)
        kept.add(identity)
    for name in repeated:
        del labels.classes[name]
    return repeated


def find_groups(
    targets: dict[str, Path], groups: dict[str, str], ties: list[tuple[str, str]]
) -> dict[str, str]:
    """Return the group of each image that has one, by its key `<class>/<file>`.

    Near duplicates (`ties`) are a group, named after the first of them, and join their groups.
    """
    keys = {name: "/".join(targets[name].parts[1:]) for name in sorted(targets)}
    named = {name: groups[name] for name in keys if name in groups}
    ends = [[named.get(name, keys[name]) for name in pair if name in keys] for pair in ties]
    joined = DisjointSet({*named.values(), *chain.from_iterable(ends)})
    for pair in filter(None, ends):
        joined.merge(pair[0], pair[-1])
    least = {group: min(subset) for subset in joined.subsets() for group in subset}
    found = {key: least.get(named.get(name, key)) for name, key in keys.items()}
    return {key: group for key, group in found.items() if group is not None}


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
    labels: LabelSet,
    targets: dict[str, Path],
    images: dict[str, Image],
    organize: Organize,
) -> dict[str, Any]:
    """Return the metrics: numbers and sizes of images, duplicates and groups."""
    used = [images[name] for names in splits.values() for name in names]
    copies = Counter(image.sha256 for image in used)
    classes = {
        split: Counter(labels.classes[name] for name in names) for split, names in splits.items()
    }
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
        "moved": count_moved(splits, labels.splits, organize),
        "contradictory": find_contradictions(labels.classes, images),
        **{split: len(names) for split, names in splits.items()},
        "groups": {
            split: len({labels.groups[name] for name in names if name in labels.groups})
            for split, names in splits.items()
        },
    }


def fingerprint(names: list[str], targets: dict[str, Path], images: dict[str, Image]) -> str:
    """Return a digest of the files, classes and bytes of images.

    The scores of two commits can be compared if the digests of their test splits are equal.
    """
    facts = sorted(f"{targets[name]} {images[name].sha256.hex()}" for name in names)
    return hashlib.sha256("\n".join(facts).encode(errors="surrogateescape")).hexdigest()


def count_moved(splits: Splits, split_of: dict[str, str], organize: Organize) -> int:
    """Return how many images left the archive's split to join a duplicate (organize.duplicates)."""
    kept = {"fractions": (), "test_folder": ("test",), "folders": paths.SPLITS}[
        organize.split_method
    ]
    return sum(
        split != split_of.get(name) and (split in kept or split_of.get(name) in kept)
        for split, names in splits.items()
        for name in names
    )


def find_contradictions(labels: dict[str, str], images: dict[str, Image]) -> list[list[str]]:
    """Return lists of images with equal bytes and different classes."""
    names: dict[bytes, list[str]] = {}
    for name in sorted(labels):
        names.setdefault(images[name].sha256, []).append(name)
    return [same for same in names.values() if len({labels[name] for name in same}) > 1]


def warn_of_contradictions(summary: dict[str, Any]) -> None:
    """Print equal images with different classes, since one of their labels must be wrong."""
    for same in islice(summary["contradictory"], 10):
        print(f"equal images, different classes: {', '.join(same)}")


def report(splits: Splits, classes: dict[str, str], summary: dict[str, Any]) -> None:
    """Print the counts of each split and class, and what was left out."""
    for split, names in splits.items():
        counts = Counter(classes[name] for name in names)
        shown = ", ".join(f"{label} {counts[label]:,}" for label in sorted(counts)[:10])
        print(f"{split:<10} {len(names):>7,}  {shown}{' ...' * (len(counts) > 10)}")
    for count, why in describe_left_out(summary["left_out"]):
        print(f"left out   {count:>7,}  {why}")
    if litter := sum(summary["litter"].values()):
        print(f"left out   {litter:>7,}  files of desktops ({', '.join(summary['litter'])})")


if __name__ == "__main__":
    run(main)
