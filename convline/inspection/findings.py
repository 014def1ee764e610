"""Look at the images of an archive or a folder: files, classes, a decoded sample."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from convline.images.image_cache import ImageCache
from convline.images.image_list import list_images
from convline.images.path_selection import PathSelection
from convline.images.scan import Scan, refuse_bad
from convline.inspection import image_sample
from convline.inspection.draft import Draft
from convline.inspection.image_sample import ImageSample, take_sample
from convline.inspection.label_reading import Reading, find_readings
from convline.labels.file_counts import describe_unlabelled
from convline.labels.label_set import LabelSet
from convline.labels.repeated_files import drop_repeated, find_copies
from convline.labels.splits import refuse_one_class

MOST_BAD = "20%"  # of the sample; more means that something else is wrong
READING = ("organize.labels_from", "organize.label_pattern", "organize.csv")


@dataclass(frozen=True)
class Findings:
    """What an archive or a folder contains.

    Attributes:
        scan: every file, not decoded.
        contents: digest of each image, by name, without repeated files; its name if not all images
            were read.
        complete: True if all images were read.
        readings: ways to read the classes; the first one is used.
        sample: measured images.
        left_out: lines on files that are not used.
        bytes: size of the archive, or of the images of a folder.
    """

    scan: Scan
    contents: Mapping[str, bytes]
    complete: bool
    readings: list[Reading]
    sample: ImageSample
    left_out: list[str]
    bytes: int

    @property
    def labels(self) -> LabelSet:
        """Return the classes that are used, without images that cannot be decoded."""
        return self.readings[0].labels

    @property
    def counts(self) -> Counter[str]:
        """Return the number of images of each class."""
        return Counter(self.labels.classes.values())

    @property
    def image_bytes(self) -> int:
        """Return the size of the images with a class."""
        return sum(self.scan.images[name].size for name in self.labels.classes)


def look_at(archive: Path, draft: Draft, cache: ImageCache) -> Findings:
    """Read all files, find the classes and decode a sample.

    Args:
        archive: a zip, a tar or a folder.
        draft: what the user set for the section organize.
        cache: for `archive`.

    Raises:
        UserError: there are no images, more than a fifth cannot be decoded, or their classes cannot
            be found.
    """
    organize = draft.params().organize
    selection = PathSelection(organize)
    scan, complete = list_images(archive, organize, selection, cache, image_sample.SIZE)
    selection.notes()
    copies = find_copies(scan.images)
    contents = {
        name: image.sha256 if complete else name.encode("utf-8", "replace")
        for name, image in scan.images.items()
        if name not in copies
    }
    given = draft.sets(*READING)
    readings = find_readings(contents, archive, organize, scan.ignored, given=given)
    labels = readings[0].labels
    left_out = [line.strip() for line in describe_unlabelled(scan, labels, copies)]
    refuse_one_class(labels.classes.values(), left_out)
    if complete:
        drop_repeated(labels, scan.images)
    sample = take_sample(labels.classes, cache)
    limit = organize.max_bad_images if draft.sets("organize.max_bad_images") else MOST_BAD
    refuse_bad(Scan(dict(sample.images), dict(sample.bad)), limit)
    for name in sample.bad:
        del labels.classes[name]
    images = sum(image.size for image in scan.images.values())
    size = images if archive.is_dir() else archive.stat().st_size
    # The first line is on the images with a class.
    return Findings(scan, contents, complete, readings, sample, left_out[1:], size)
