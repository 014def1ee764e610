"""Find images that an archive contains more than once by mistake."""

from collections import defaultdict

from convline.images.scan import Image
from convline.labels.label_set import LabelSet


def find_copies(images: dict[str, Image]) -> set[str]:
    """Return images that an archive contains a second time, one or more folders deeper.

    Kaggle's chest X-rays contain their whole tree twice: `chest_xray/train` and
    `chest_xray/chest_xray/train`. The shorter path is kept. Paths that differ only in case, as in
    another data set of Kaggle, are the same.
    """
    copies = set()
    kept: dict[tuple[bytes, str], list[str]] = defaultdict(list)
    for name in sorted(images, key=lambda name: (name.count("/"), name)):
        path = f"/{name.casefold()}"
        same = kept[images[name].sha256, path.rsplit("/", 1)[-1]]
        if any(path.endswith(other) for other in same):
            copies.add(name)
        else:
            same.append(path)
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
