"""All 25,000 cats and dogs, 34 epochs of the CNN and 15 of the head: hours, scaled from minutes.

Our side runs all stages on all images, one after the other without DVC, but `train` for 1 and for
3 epochs only; the others cost as much as the second and third. The peer runs the tutorial's steps
on 2,000 of the images, for 1 and for 3 epochs, and each epoch and VGG16's features are scaled to
all images. What the tutorial takes to unpack, split and test is left out. BENCH_IMAGES must be the
complete archive.
"""

import shutil
from contextlib import chdir
from pathlib import Path

from benchmarks import workspace
from benchmarks.harness import NotMeasured, Result, Row, Timing
from benchmarks.usage import Usage, measured

IMAGES = 25_000
PART = 2_000  # images of the peer
EPOCHS, HEAD_EPOCHS = 34, 15
FEW, MORE = 1, 3  # epochs that are run


def against_tutorial() -> Result:
    """Measure the row."""
    folder = Path("full_size")
    (folder / "all").mkdir(parents=True)
    (folder / "part").mkdir()
    with chdir(folder / "part"):
        workspace.prepare("organize", f"organize.limit={PART}")
        theirs = tutorial()
    with chdir(folder / "all"):
        workspace.prepare("organize", "organize.limit=")
        if workspace.organized() < IMAGES * 0.99:  # Copies of images are removed.
            raise NotMeasured(f"set BENCH_IMAGES to the archive with all {IMAGES:,} images")
        shutil.rmtree("data")
        ours = stages()
    shutil.rmtree(folder)
    minutes = " against ".join(f"{usage.seconds / 60:.0f}" for usage in (ours, theirs))
    return Result(Timing(1, [ours], [theirs]), note=f"{minutes} minutes")


def stages() -> Usage:
    """Run our side."""
    parts = [run("download"), run("organize"), run("preprocess")]
    few, more = run("train", epochs=FEW), run("train", epochs=MORE)
    parts += [few, times(epoch(few, more), EPOCHS - FEW)]
    return total([*parts, run("extract"), run("train_head", epochs=HEAD_EPOCHS), run("evaluate")])


def run(stage: str, epochs: int = 1) -> Usage:
    """Run one stage on all images."""
    sections, names = ("train", "train_head"), ("epochs", "early_stopping_patience")
    few = [f"{section}.{name}={epochs}" for section in sections for name in names]
    workspace.set_params("organize.limit=", *few)
    return measured(lambda: workspace.module(f"stages.{stage}"))[1]


def tutorial() -> Usage:
    """Run the peer, and scale what grows with the images."""
    scale = IMAGES / PART
    start = measured(workspace.start("extract")[1])[1]
    weights = ("--weights", workspace.weights())
    features = minus(step("features", *weights), start)
    parts = [start, times(features, scale)]
    for name, epochs in (("scratch", EPOCHS), ("head", HEAD_EPOCHS)):
        few, more = (step(name, "--epochs", str(count)) for count in (FEW, MORE))
        parts.append(times(epoch(few, more), scale * epochs))
    return total(parts)


def step(name: str, *arguments: str) -> Usage:
    """Run one step of the tutorial."""
    return measured(lambda: workspace.module("benchmarks.tutorial", name, *arguments))[1]


def epoch(few: Usage, more: Usage) -> Usage:
    """Return what one epoch takes: the difference of two runs, per epoch."""
    return times(minus(more, few), 1 / (MORE - FEW))


def minus(whole: Usage, part: Usage) -> Usage:
    """Subtract times; the memory is that of the whole."""
    seconds = whole.seconds - part.seconds
    return Usage(seconds, whole.cpu_seconds - part.cpu_seconds, whole.memory)


def times(usage: Usage, factor: float) -> Usage:
    """Multiply times; the memory stays."""
    return Usage(usage.seconds * factor, usage.cpu_seconds * factor, usage.memory)


def total(usages: list[Usage]) -> Usage:
    """Add times; the memory is the largest."""
    memory = max((usage.memory or 0 for usage in usages), default=0)
    seconds = sum(usage.seconds for usage in usages)
    return Usage(seconds, sum(usage.cpu_seconds for usage in usages), memory)


ROWS = [
    Row(
        "full-size",
        "25,000 cats and dogs, 34 epochs of the CNN, 15 of the head, scaled",
        "the tutorial's steps in float32, scaled",
        None,
        3,
        against_tutorial,
        long=True,
    )
]
