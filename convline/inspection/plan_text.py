"""Describe a plan in lines of text."""

from collections.abc import Iterator

from convline.images.near_duplicates import group_pairs
from convline.inspection.plan import Plan

MOST_CLASSES = 10
WIDTH = 12  # of the first column


def describe(plan: Plan) -> Iterator[str]:
    """Yield what was found, what was chosen and why, and the cost."""
    for name, fact in findings(plan):
        yield f"{name:<{WIDTH}}{fact}"
    yield ""
    width = max(len(choice.show()) for choice in plan.choices)
    for choice in plan.choices:
        yield f"{choice.show():<{width}}  {choice.reason}"
    yield ""
    cost = plan.cost.describe() if plan.cost else "not estimated: TensorFlow cannot be used"
    yield f"{'make repro':<{WIDTH}}{cost}"


def findings(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield names and facts of what was found."""
    counts, sample = plan.found.counts, plan.found.sample
    some = [f"{name} {count:,}" for name, count in counts.most_common(MOST_CLASSES)]
    more = f" and {len(counts) - MOST_CLASSES} more" if len(counts) > MOST_CLASSES else ""
    yield "images", f"{counts.total():,} in {len(counts):,} classes: {', '.join(some)}{more}"
    first, *others = plan.found.readings
    also = "".join(f"; {x.source} would give {x.class_count:,} classes" for x in others)
    yield "classes", f"from {first.source}{also}"
    for note in plan.notes:
        yield "", note
    yield "splits", ", ".join(f"{split} {count:,}" for split, count in plan.splits.items())
    if not sample.complete:
        yield "sample", f"{sample.count:,} images were decoded"
    shape = sample.shape()
    sizes = (
        f"median {shape.height}x{shape.width} pixels, sides of {shape.smallest} to {shape.largest}"
    )
    low, middle, high = shape.ratios
    yield "sizes", f"{sizes}; width / height {middle:.2f} ({low:.2f} to {high:.2f})"
    yield "colours", f"{len(sample.coloured):,} of {len(sample.images):,} images have colours"
    yield (
        "bad",
        f"{len(sample.bad):,} of {sample.count:,} cannot be decoded",
    )
    for name, reason in sorted(sample.bad.items())[:3]:
        yield "", f"{name}: {reason}"
    yield "duplicates", _duplicates(plan)
    for line in plan.found.left_out:
        yield "left out", line


def _duplicates(plan: Plan) -> str:
    found = plan.found
    digests = [found.contents[name] for name in found.labels.classes]
    if not found.complete:
        digests = [image.sha256 for image in found.sample.images.values()]
    equal = len(digests) - len(set(digests))
    groups = group_pairs(found.sample.near.pairs)
    where = "" if found.sample.complete else " in the sample"
    near = f"groups of near duplicates: {len(groups):,}{where}"
    return f"images with the bytes of another: {equal:,}; {near}"
