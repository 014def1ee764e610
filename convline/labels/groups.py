"""Find the groups of images, such as patients, which are not divided between splits."""

import re
from itertools import chain
from pathlib import Path

from scipy.cluster.hierarchy import DisjointSet


def group_of(name: str, pattern: str | None) -> str | None:
    """Return the group in the file name, such as a patient number; None if there is none."""
    match = re.search(pattern, name.rsplit("/", 1)[-1]) if pattern else None
    return (match.group(1) or None) if match else None


def groups_of_keys(
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
