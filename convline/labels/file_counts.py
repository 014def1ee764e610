"""Account for every file of an archive: the images that are used, and what was left out and why."""

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from convline.images.scan import Scan
from convline.labels.label_set import LabelSet

MAX_FOLDERS = 10  # named per reason and ending
SHOWN = 3  # endings and folders in a line
BAD = "cannot be decoded"
REPEATED = "repeated: a file of the same bytes, name and class is used"
NOT_DRAWN = "not drawn by organize.limit"
NO_CLASS = "without a class"
TABLE = "table of labels, read"


def count_files(
    scan: Scan, labels: LabelSet, repeated: Collection[str], used: Collection[str]
) -> dict[str, Any]:
    """Return the metrics that account for every file.

    Args:
        scan: every file of the archive.
        labels: what is known about the images.
        repeated: images that an archive contains a second time.
        used: images that are in a split.

    Returns:
        The number of `files`; `read`, the number of used images by file name ending; the numbers
        of images that were left out as `unlabelled`, `repeated`, `not_drawn` and `bad_images`; the
        number of `ignored` files; `left_out`, a list of reason, ending, number of files and their
        folders; `bad`, a list of names and reasons; and `litter`, the files that desktops leave
        behind by kind, which are not among `files`.
    """
    why = left_out(scan, labels, repeated, used)
    reasons = Counter(why.values())
    same_name = [(name, REPEATED) for name in scan.repeated.elements()]
    unlabelled = scan.images.keys() - used - labels.classes.keys() - set(repeated)
    return {
        "files": len(used) + len(why) + len(same_name),
        "read": _sorted(Counter(map(_ending, used))),
        "unlabelled": len(unlabelled),
        "repeated": reasons[REPEATED] + len(same_name),
        "not_drawn": reasons[NOT_DRAWN],
        "ignored": len(scan.ignored),
        "bad_images": len(scan.bad),
        "bad": [f"{name}: {reason}" for name, reason in sorted(scan.bad.items())],
        "left_out": list(_rows([*why.items(), *same_name])),
        "litter": _sorted(scan.litter),
    }


def left_out(
    scan: Scan, labels: LabelSet, repeated: Collection[str], used: Collection[str]
) -> dict[str, str]:
    """Return the reason why each file is in no split."""
    why = {
        name: labels.unlabelled.get(name, NOT_DRAWN if name in labels.classes else NO_CLASS)
        for name in scan.images
        if name not in used
    }
    why |= dict.fromkeys(repeated, REPEATED)
    tables = dict.fromkeys(labels.tables & scan.ignored.keys(), TABLE)
    return {**why, **dict.fromkeys(scan.bad, BAD), **scan.ignored, **tables}


def describe_unlabelled(scan: Scan, labels: LabelSet, repeated: Collection[str]) -> Iterator[str]:
    """Yield a line on the images with a class, and one per reason why others have none."""
    if labels.classes:
        yield f"  with a class: {len(labels.classes):,}, such as '{min(labels.classes)}'"
    rows = list(_rows(left_out(scan, labels, repeated, labels.classes).items()))
    for files, why in describe_left_out(rows):
        yield f"  {files:,} file{'s' * (files != 1)}: {why}"


def describe_left_out(rows: Collection[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    """Yield the number of files and a line of text for each reason, the most frequent first.

    Args:
        rows: `left_out` of `count_files`.
    """
    by_reason: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_reason[row["reason"]].append(row)
    for reason, same in sorted(by_reason.items(), key=lambda x: -sum(y["files"] for y in x[1])):
        endings = _shortened([str(row["ending"] or "no ending") for row in same])
        folders = _shortened(list(dict.fromkeys(x or "." for row in same for x in row["folders"])))
        yield sum(row["files"] for row in same), f"{reason} ({endings} in {folders})"


def _rows(why: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """Yield reason, ending, number of files and the largest folders."""
    folders: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for name, reason in why:
        folders[reason, _ending(name)][name.rpartition("/")[0]] += 1
    for (reason, ending), counts in sorted(folders.items()):
        named = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_FOLDERS])
        rest = counts.total() - sum(named.values())
        shown = named | ({f"{len(counts) - MAX_FOLDERS} more": rest} if rest else {})
        yield {"reason": reason, "ending": ending, "files": counts.total(), "folders": shown}


def _shortened(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _ending(name: str) -> str:
    return os.path.splitext(name)[1]  # noqa: PTH122 (100,000 names)


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
