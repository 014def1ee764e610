"""Choose params for the images of a source, and estimate what a run costs."""

import time
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
from convline.images.image_list import random_order
from convline.inspection.choice import Choice
from convline.inspection.cost_estimate import Estimate, Work, estimate, speed_probe
from convline.inspection.draft import Draft
from convline.inspection.findings import Findings, look_at
from convline.inspection.image_choices import choose_features, choose_images
from convline.inspection.image_sample import PER_CLASS
from convline.inspection.label_reading import Reading
from convline.inspection.split_choices import choose_splits
from convline.inspection.training_choices import choose_training
from convline.labels.image_labels import find_labels
from convline.params.schema import Params, Preprocess
from convline.runtime import paths

TIMED = 40  # images that are resized to measure the time
MOST_CLASSES = 20  # on the contact sheet
SHOWN_SIDE = 96  # pixels of its images


@dataclass(frozen=True)
class Plan:
    """What was found, and what was chosen for it.

    Attributes:
        name: the source's name.
        found: what the images show.
        notes: lines on what was guessed.
        splits: number of images of each split.
        pictures: some images of each of the first classes, small.
        choices: parameters that were chosen, in the order of params.yaml.
        text: the new params.yaml.
        cost: None if TensorFlow cannot be used.
    """

    name: str
    found: Findings
    notes: list[str]
    splits: Mapping[str, int]
    pictures: dict[str, list[Picture.Image]]
    choices: list[Choice]
    text: str
    cost: Estimate | None


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
        found = look_at(archive, draft, cache)
        splits, notes = choose_all(draft, found)
        params = draft.params()
        notes = [*find_labels(found.contents, archive, params.organize).notes, *notes]
        pictures = read_pictures(found, cache)
        resizing = time_resizing(found, params.preprocess, cache)
        measured = speed.measure() if speed else None
    work = Work(
        splits=(splits["train"], splits["validation"], splits["test"]),
        archive_bytes=found.bytes,
        image_bytes=found.image_bytes,
        decoding=found.sample.seconds,
        resizing=resizing,
    )
    images = f"{found.counts.total():,} images in {len(found.counts):,} classes"
    return Plan(
        name=name,
        found=found,
        notes=notes,
        splits=splits,
        pictures=pictures,
        choices=sorted(draft.choices, key=_section),
        text=draft.text(f"For {name}: {images}; by `convline init`."),
        cost=estimate(params, work, measured) if measured else None,
    )


def choose_all(draft: Draft, found: Findings) -> tuple[Mapping[str, int], list[str]]:
    """Add the choices to the draft; return the number of images of each split, and notes.

    Raises:
        UserError: the images cannot be divided into splits.
    """
    draft.add(_as_choices(found.readings[0]))
    draft.add(choose_images(found.sample, found.counts.total()))
    params = draft.params()
    chosen = choose_splits(found.labels, found.contents, params.organize, params.seed, draft.given)
    draft.add(chosen.choices)
    splits = {split: len(names) for split, names in chosen.splits.items()}
    params = draft.params()
    size, mode = params.preprocess.image_size, params.preprocess.color_mode
    draft.add(choose_training(found.counts, splits["train"], size, mode))
    draft.add(choose_features(size, params.extract.backbone))
    return splits, [chosen.unused_groups] if chosen.unused_groups else []


def read_pictures(found: Findings, cache: ImageCache) -> dict[str, list[Picture.Image]]:
    """Return some images of each of the first classes, reduced in size."""
    classes = found.labels.classes
    chosen: dict[str, list[str]] = {name: [] for name in sorted(found.counts)[:MOST_CLASSES]}
    for name in sorted(found.sample.images, key=random_order):
        several = chosen.get(classes[name])
        if several is not None and len(several) < PER_CLASS:
            several.append(name)
    names = {name for several in chosen.values() for name in several}
    pictures = {
        name: decode(data, "rgb", SHOWN_SIDE, name=name) for name, data in cache.read(names)
    }
    for picture in pictures.values():
        picture.thumbnail((2 * SHOWN_SIDE, 2 * SHOWN_SIDE))
    return {label: [pictures[name] for name in several] for label, several in chosen.items()}


def time_resizing(found: Findings, preprocess: Preprocess, cache: ImageCache) -> float:
    """Return seconds to decode and resize an image, on one core."""
    files = list(cache.read(list(found.sample.images)[:TIMED]))
    height, width = preprocess.image_size
    least = least_side(preprocess.image_size, preprocess.interpolation)
    start = time.perf_counter()
    for name, data in files:
        image = decode(data, preprocess.color_mode, least, name=name)
        fit(image, (height, width), Resampling.BILINEAR, preprocess.aspect_ratio)
    return (time.perf_counter() - start) / len(files)


def _section(choice: Choice) -> int:
    """Return the position in params.yaml of the choice's section."""
    return list(Params.model_fields).index(choice.param.partition(".")[0])


def _as_choices(reading: Reading) -> list[Choice]:
    flat = {f"organize.{param}": value for param, value in reading.params.items() if param != "csv"}
    flat |= {f"organize.csv.{param}": x for param, x in reading.params.get("csv", {}).items()}
    return [Choice(param, value, f"from {reading.source}") for param, value in flat.items()]
