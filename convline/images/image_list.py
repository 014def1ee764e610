"""List the images of an archive or a folder without decoding them."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from convline.images.archives import open_members
from convline.images.image_cache import ImageCache
from convline.images.scan import Image, Scan, image_members, not_empty
from convline.params.schema import Organize

LAST = b"\xff" * 32  # no name comes after it in `random_order`


def list_images(
    archive: Path,
    organize: Organize,
    selected: Callable[[str], bool],
    cache: ImageCache,
    sample: int,
) -> tuple[Scan, bool]:
    """List the selected images of an archive without decoding them: height and width are 0.

    Up to twice `sample` images are read. Of more, those whose names come first in `random_order`
    are; the digest of all images is then their size.

    Args:
        archive: a zip, a tar or a folder.
        organize: the section `organize`.
        selected: returns False for the names of files to leave out.
        cache: gets the bytes of the images that are read.
        sample: number of images to read at least.

    Returns:
        The list, and True if all images were read.

    Raises:
        UserError: as `inspect_all`.
    """
    scan = Scan()
    members = open_members(archive, organize.metadata_encoding, scan.litter)
    images = image_members(members, selected, scan)
    limit, read = LAST, list[bytes]()
    for name, head, member in tqdm(images, "list", unit=" images", disable=None):
        digest, order = b"", random_order(name)
        if order <= limit:
            data = head + member.read()
            digest = hashlib.sha256(data).digest()
            cache.add(name, data)
            read.append(order)
            if len(read) > 2 * sample:
                read = sorted(read)[:sample]
                limit = read[-1]
        scan.add(name, Image(digest, member.size, 0, 0))
    complete = all(image.sha256 for image in scan.images.values())
    if not complete:
        for name, image in scan.images.items():
            scan.images[name] = image._replace(sha256=image.size.to_bytes(8))
    return not_empty(scan, archive), complete


def random_order(name: str) -> bytes:
    """Return a key that sorts names in a random order, which depends on nothing else."""
    return hashlib.sha256(name.encode("utf-8", "replace")).digest()
