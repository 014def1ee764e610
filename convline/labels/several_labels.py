"""Recognize labels that name several classes, such as `cat|dog`, among names with such characters.

A class may be called `projectile, missile` or `traffic light`. Whether a label is a combination is
derived from the other labels of the table.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection

SEPARATORS = "|;,/&+ "
LIST = re.compile(r"""[\[({]\s*(['"].*|.*,.*)[\])}]""", re.DOTALL)


def find_combinations(labels: Collection[str]) -> set[str]:
    """Return the labels that are lists, or whose parts are labels of other images.

    `|` always separates labels, as in `Cardiomegaly|Emphysema`. For the others, parts that are not
    labels by themselves are evidence too, where the same parts occur in several combinations. Names
    with a comma need more evidence than those with `;`, and those with a blank still more, because
    these characters are common in names.

    Args:
        labels: all labels of a table; repeated ones count once.
    """
    known = {label.casefold() for label in labels}
    found = {label for label in labels if LIST.fullmatch(label)}
    for separator in SEPARATORS:
        parts = {label: _parts(label, separator) for label in sorted(set(labels))}
        parts = {label: names for label, names in parts.items() if len(names) > 1}
        shared = _share_parts(separator, list(parts.values()))
        for label, names in parts.items():
            alone = sum(name in known for name in names)
            enough = {"|": 0, ";": 1, ",": len(names) // 2 + 1}.get(separator, len(names))
            if shared or alone >= enough:
                found.add(label)
    return found


def _parts(label: str, separator: str) -> list[str]:
    """Return the different parts of a label, casefolded."""
    parts = (part.strip() for part in label.casefold().split(separator))
    return list(dict.fromkeys(filter(None, parts)))


def _share_parts(separator: str, combinations: list[list[str]]) -> bool:
    """Return True if the parts of the combinations recur as classes would.

    With `;`, a part in two combinations is enough. With a comma, a part must be in
    different places, as no part of `Paris, France` and `Lyon, France` is, and there must be as many
    combinations as parts, as there are not among the 1,000 names of ImageNet.
    """
    if separator == ";":
        counts = Counter(part for parts in combinations for part in parts)
        return max(counts.values(), default=0) > 1
    places = defaultdict(set)
    for parts in combinations:
        for place, part in enumerate(parts):
            places[part].add(place)
    moved = any(len(found) > 1 for found in places.values())
    return separator == "," and moved and len(combinations) >= len(places)
