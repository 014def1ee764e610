"""Inspect the images of a source, choose params for them, and estimate what a run costs."""

import tarfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image as Picture
from PIL.Image import Resampling

from convline.images.aspect_ratio import fit
from convline.images.decoding import decode, least_side
from convline.images.image_cache import ImageCache
from convline.images.path_selection import PathSelection
from convline.images.scan import Scan, list_images, refuse_bad
from convline.inspection.choice import Choice
from convline.inspection.cost_estimate import Estimate, Work, estimate, speed_probe
from convline.inspection.draft import Draft
from convline.inspection.image_choices import choose_features, choose_images
from convline.inspection.image_sample import PER_CLASS, ImageSample, sample_names, take_sample
from convline.inspection.label_reading import Reading, find_readings
from convline.inspection.split_choices import choose_splits
from convline.inspection.training_choices import choose_training
from convline.labels.file_counts import describe_unlabelled
from convline.labels.image_labels import find_labels
from convline.labels.label_set import LabelSet
from convline.labels.repeated_files import drop_repeated, find_copies
from convline.labels.splits import refuse_one_class
from convline.params.schema import Params, Preprocess
from convline.runtime import paths

MOST_BAD = "20%"  # of the sample; more means that something else is wrong
TIMED = 40  # images that are resized to measure the time
MOST_CLASSES = 20  # on the contact sheet
SHOWN_SIDE = 96  # pixels of its images
READING = ("organize.labels_from", "organize.label_pattern", "organize.csv")


@dataclass(frozen=True)
class Plan:
    """What was found, and what was chosen for it.

    Attributes:
        name: the source's name.
        scan: every file, not decoded.
        readings: ways to read the classes; the first one is used.
        left_out: lines on files without a class.
        copies: number of images that the archive contains a second time.
        sample: measured images.
        pictures: some images of each class, small.
        notes: lines on what was guessed.
        choices: parameters that were chosen, in the order of params.yaml.
        text: the new params.yaml.
        splits: number of images of each split.
        cost: None if TensorFlow cannot be used.
    """

    name: str
    scan: Scan
    readings: list[Reading]
    left_out: list[str]
    copies: int
    sample: ImageSample
    pictures: dict[str, list[Picture.Image]]
    notes: list[str]
    choices: list[Choice]
    text: str
    splits: dict[str, int]
    cost: Estimate | None

    @property
    def labels(self) -> LabelSet:
        """Return the classes that are used."""
        return self.readings[0].labels

    @property
    def counts(self) -> Counter[str]:
        """Return the number of images of each class."""
        return Counter(self.labels.classes.values())


def make_plan(
    archive: Path, name: str, download: dict[str, Any], values: Sequence[str], *, probe: bool = True
) -> Plan:
    """Inspect an archive or folder, and choose all parameters.

    Args:
        archive: the zip, tar or folder.
        name: what to call it.
        download: parameters of the section download.
        values: `section.parameter=value`, which replace choices.
        probe: measure the speed of this machine, for the estimate.

    Raises:
        UserError: the images cannot be read, or their classes cannot be found.
    """
    draft = Draft(download, values)
    params = draft.params()
    precision = params.extract.precision if draft.sets("extract.precision") else "auto"
    paths.DATA.mkdir(exist_ok=True)
    with (
        ImageCache(archive, params.organize.metadata_encoding, paths.DATA) as cache,
        speed_probe(params.runtime.device, precision) if probe else nullcontext() as speed,
    ):
        start = time.perf_counter()
        selection = PathSelection(params.organize)
        # A compressed tar is slow to read again; a zip and a folder are not.
        packed = archive.is_file() and tarfile.is_tarfile(archive)
        scan = list_images(archive, params.organize, selection, cache if packed else None)
        reading_seconds = time.perf_counter() - start
        selection.notes()
        copies = find_copies(scan.images)
        contents = {file: x.sha256 for file, x in scan.images.items() if file not in copies}
        readings = find_readings(
            contents, archive, params.organize, scan.ignored, given=draft.sets(*READING)
        )
        labels = readings[0].labels
        refuse_one_class(labels.classes.values(), describe_unlabelled(scan, labels, copies))
        draft.add(_as_choices(readings[0]))
        copies |= drop_repeated(labels, scan.images)
        sample = take_sample(labels.classes, scan.images, cache)
        limit = (
            params.organize.max_bad_images if draft.sets("organize.max_bad_images") else MOST_BAD
        )
        refuse_bad(Scan(dict(sample.images), dict(sample.bad)), limit)
        for bad in sample.bad:
            del labels.classes[bad]
        draft.add(choose_images(sample, len(labels.classes)))
        chosen = choose_splits(labels, contents, draft.params().organize, params.seed, draft.given)
        draft.add(chosen.choices)
        splits = {split: len(names) for split, names in chosen.splits.items()}
        _choose_networks(draft, labels, splits)
        params = draft.params()
        # Again, for notes that fit the choices.
        notes = find_labels(contents, archive, params.organize).notes
        notes += filter(None, [chosen.unused_groups])
        pictures = read_pictures(labels, sample, cache)
        resizing = _time_resizing(sample, params.preprocess, cache)
        measured = speed.measure() if speed else None
    images = [scan.images[file] for file in labels.classes]
    work = Work(
        splits=(splits["train"], splits["validation"], splits["test"]),
        archive_bytes=sum(x.size for x in scan.images.values())
        if archive.is_dir()
        else archive.stat().st_size,
        image_bytes=sum(image.size for image in images),
        reading=reading_seconds,
        decoding=sample.seconds,
        resizing=resizing,
    )
    counts = Counter(labels.classes.values())
    title = f"For {name}: {len(images):,} images in {len(counts):,} classes; by `convline init`."
    return Plan(
        name=name,
        scan=scan,
        readings=readings,
        # Without the first line, on images with a class.
        left_out=[x.strip() for x in describe_unlabelled(scan, labels, copies)][1:],
        copies=len(copies),
        sample=sample,
        pictures=pictures,
        notes=notes,
        choices=sorted(draft.choices, key=_section),
        text=draft.text(title),
        splits=splits,
        cost=estimate(params, work, measured) if measured else None,
    )


def _section(choice: Choice) -> int:
    """Return the position in params.yaml of the choice's section."""
    return list(Params.model_fields).index(choice.param.partition(".")[0])


def _as_choices(reading: Reading) -> list[Choice]:
    flat = {f"organize.{param}": value for param, value in reading.params.items() if param != "csv"}
    flat |= {f"organize.csv.{param}": x for param, x in reading.params.get("csv", {}).items()}
    return [Choice(param, value, f"from {reading.source}") for param, value in flat.items()]


def _choose_networks(draft: Draft, labels: LabelSet, splits: Mapping[str, int]) -> None:
    """Add choices for all sections that follow preprocess."""
    params = draft.params()
    size, mode = params.preprocess.image_size, params.preprocess.color_mode
    counts = Counter(labels.classes.values())
    draft.add(choose_training(counts, splits["train"], size, mode))
    draft.add(choose_features(size, params.extract.backbone))


def read_pictures(
    labels: LabelSet, sample: ImageSample, cache: ImageCache
) -> dict[str, list[Picture.Image]]:
    """Return some images of each of the first classes, about `SHOWN_SIDE` pixels high or wide."""
    chosen: dict[str, list[str]] = {name: [] for name in sorted(set(labels.classes.values()))}
    for name in sample_names(labels.classes):
        if name in sample.images and len(chosen[labels.classes[name]]) < PER_CLASS:
            chosen[labels.classes[name]].append(name)
    shown = dict(list(chosen.items())[:MOST_CLASSES])
    names = {name for several in shown.values() for name in several}
    pictures = {
        name: decode(data, "rgb", SHOWN_SIDE, name=name) for name, data in cache.read(names)
    }
    for picture in pictures.values():
        picture.thumbnail((4 * SHOWN_SIDE, 4 * SHOWN_SIDE))
    return {label: [pictures[name] for name in several] for label, several in shown.items()}


def _time_resizing(sample: ImageSample, preprocess: Preprocess, cache: ImageCache) -> float:
    """Return seconds to decode and resize an image, on one core."""
    files = list(cache.read(list(sample.images)[:TIMED]))
    height, width = preprocess.image_size
    least = least_side(preprocess.image_size, preprocess.interpolation)
    start = time.perf_counter()
    for name, data in files:
        image = decode(data, preprocess.color_mode, least, name=name)
        fit(image, (height, width), Resampling.BILINEAR, preprocess.aspect_ratio)
    return (time.perf_counter() - start) / len(files)
