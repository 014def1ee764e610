"""Sort the archive's images into train, validation and test folders, one folder per class.

Reads   data/raw
Writes  data/organized/<split>/<class>/<file>, data/groups.json, data/near_duplicates.csv,
        metrics/organize.json, metrics/organize/
Params  seed, organize

Every image is decoded once, to find damaged ones and near duplicates. Its original bytes are
then written to their place. Memory holds the names, sizes and fingerprints of all images, but never
all of their bytes.
"""

import errno
import os
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from convline.evaluation.positive_class import describe_positive
from convline.images.image_cache import ImageCache
from convline.images.near_duplicates import (
    NearDuplicates,
    describe_pairs,
    find_near_duplicates,
    summarize_pairs,
    write_pairs,
)
from convline.images.path_selection import PathSelection
from convline.images.preview import write_balance, write_near_duplicates, write_samples
from convline.images.scan import Scan, inspect_all, refuse_bad
from convline.images.significant_bits import find_peaks, warn_of_unused_bits
from convline.labels.file_counts import count_files, describe_left_out, describe_unlabelled
from convline.labels.file_names import target_paths
from convline.labels.groups import groups_of_keys
from convline.labels.image_labels import find_labels
from convline.labels.label_set import LabelSet
from convline.labels.repeated_files import drop_repeated, find_copies
from convline.labels.split_summary import summarize
from convline.labels.splits import assign_splits, refuse_one_class
from convline.params.class_names import check_class_names
from convline.params.loading import load_params
from convline.params.schema import Organize
from convline.runtime import paths
from convline.runtime.files import fresh_dir, write_json
from convline.runtime.printable import printable
from convline.runtime.runner import run
from convline.sources.provenance import read_source


def main() -> None:
    params = load_params()
    organize, archive = params.organize, read_source().archive
    with ImageCache(archive, organize.metadata_encoding, paths.DATA) as cache:
        selection = PathSelection(organize)
        scan = inspect_all(archive, organize, selection, cache)
        notes = selection.notes()
        refuse_bad(scan, organize.max_bad_images)
        labels, repeated = label_images(scan, archive, organize, notes)
        labelled = {name: scan.images[name] for name in labels.classes}
        near = find_near_duplicates(labelled, cache)
        ties = [pair[:2] for pair in near.pairs if organize.near_duplicates == "together"]
        digests = {name: image.sha256 for name, image in labelled.items()}
        splits = assign_splits(labels, digests, organize, params.seed, ties)
        targets = target_paths(splits, labels.classes)
        classes = sorted({target.parts[1] for target in targets.values()})
        check_class_names(params, classes)
        near = near.among(targets)
        write_images(cache, targets, near)
    write_json(paths.GROUPS, groups_of_keys(targets, labels.groups, ties))
    write_pairs(near.pairs, targets, paths.NEAR_DUPLICATES)
    summary = summarize(splits, labels, targets, labelled, organize)
    summary["near_duplicates"] = summarize_pairs(near, targets, labels.splits)
    summary |= count_files(scan, labels, repeated, targets) | find_peaks(scan.images)
    unused_bits = warn_of_unused_bits(scan.images)
    summary["notes"] = [*notes, *unused_bits, *describe_pairs(near, targets)]
    write_json(paths.metrics("organize"), {"organize": summary})
    report(targets, summary)
    # What depends on the params of other stages is only printed: their change does not rerun this
    # stage.
    for line in [
        *warn_of_unused_bits(scan.images, params.preprocess.bit_depth),
        *describe_pairs(near, targets),
        *describe_positive(classes, params.evaluate.positive_class),
    ]:
        print(printable(line))


def label_images(
    scan: Scan, archive: Path, organize: Organize, notes: list[str]
) -> tuple[LabelSet, set[str]]:
    """Return the labels of the images, and the images that an archive contains a second time.

    What was guessed is added to `notes` and printed, even if a later step refuses the images.
    """
    copies = find_copies(scan.images)
    contents = {name: x.sha256 for name, x in scan.images.items() if name not in copies}
    labels = find_labels(contents, archive, organize)
    notes += labels.notes
    for note in notes:
        print(printable(note))
    refuse_one_class(labels.classes.values(), describe_unlabelled(scan, labels, copies))
    return labels, copies | drop_repeated(labels, scan.images)


def write_images(cache: ImageCache, targets: dict[str, Path], near: NearDuplicates) -> None:
    """Write each image of `targets` to its place; draw some images, and near duplicates."""
    with fresh_dir(paths.ORGANIZED) as folder:
        for parent in {target.parent for target in targets.values()}:
            (folder / parent).mkdir(parents=True)

        # disable=None: no bar if the output is not a terminal.
        images = tqdm(cache.read(targets), "write", len(targets), unit=" images", disable=None)
        for name, data in images:
            # Without a buffer and pathlib, small files take 0.2 ms instead of 0.3 ms.
            with open(f"{folder}/{targets[name]}", "xb", buffering=0) as file:  # noqa: PTH123
                if file.write(data) < len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with fresh_dir(paths.metrics_folder("organize")) as preview:
            write_balance(targets, preview)
            write_samples(targets, folder, preview)
            write_near_duplicates(near.pairs, targets, folder, preview)


def report(targets: Mapping[str, Path], summary: dict[str, Any]) -> None:
    """Print the counts of each split and class, what was left out, and contradictions."""
    counts = Counter(target.parts[:2] for target in targets.values())
    classes = [row["class"] for row in summary["per_class"]]
    for split in paths.SPLITS:
        shown = ", ".join(f"{label} {counts[split, label]:,}" for label in classes[:10])
        print(f"{split:<10} {summary[split]:>7,}  {shown}{' ...' * (len(classes) > 10)}")
    for count, why in describe_left_out(summary["left_out"]):
        print(printable(f"left out   {count:>7,}  {why}"))
    if litter := sum(summary["litter"].values()):
        print(f"left out   {litter:>7,}  system files ({', '.join(summary['litter'])})")
    # One of the labels must be wrong.
    for same in islice(summary["contradictory"], 10):
        print(printable(f"equal images, different classes: {', '.join(same)}"))


if __name__ == "__main__":
    run(main)
