"""What a reviewer must know before the figures."""

from collections.abc import Iterator
from itertools import chain

from convline.pull_requests.base_commit import Base
from convline.pull_requests.metrics_gate import GATE
from convline.pull_requests.review_text import listed
from convline.pull_requests.revision_states import Pair, State
from convline.reporting.markdown import code
from convline.runtime.git import CODE, COMPARED, changed_files, read


def why_incomparable(before: State, after: State) -> str:
    """Why figures of the test split cannot be compared; nothing if they can."""
    if not before.judged or not after.judged:
        return ""
    if before.test_images is None or after.test_images is None:
        return "it is not known whether both were tested on the same images"
    if before.test_images != after.test_images:
        counts = f"{before.test_images[1]:,} images, then {after.test_images[1]:,}"
        return f"the test split is another one ({counts})"
    if before.positive != after.positive:
        return f"scores are of {code(str(after.positive))}, not of {code(str(before.positive))}"
    return ""


def no_figures(after: State) -> Iterator[str]:
    """Whether there is anything to compare here."""
    if not after.judged:
        yield "There are no figures here: run `dvc repro`, and commit dvc.lock and metrics/."


def notes(
    base: Base, before: State, after: State, metrics: dict[str, Pair], incomparable: str
) -> list[str]:
    """All notes, those first that decide what the others are worth."""
    return [
        *chain(
            _of_the_base(base, before),
            _of_figures(before, after, metrics, incomparable),
            _of_files(base),
        )
    ]


def _of_the_base(base: Base, before: State) -> Iterator[str]:
    if base.note:
        yield base.note
    if read(GATE, base.commit) not in {None, read(GATE, None)}:
        yield f"The gate is another one than on {code(base.name)}: look at `{GATE}`."
    if not before.judged:
        yield f"{code(base.name)} has no figures to compare with; what stands here is new."


def _of_figures(
    before: State, after: State, metrics: dict[str, Pair], incomparable: str
) -> Iterator[str]:
    if incomparable:
        yield f"The figures are not comparable: {incomparable}."
    if before.data and after.data and before.data != after.data:
        yield "The archive of images is another one."
    new, gone = after.stages - before.stages, before.stages - after.stages
    for verb, names in (("new", new), ("gone", gone)):
        if names and before.stages:
            yield f"Stages that are {verb}: {listed(sorted(names))}."
    lost = [name for name, (_, now) in metrics.items() if now is None]
    if lost and after.judged:
        yield f"Metrics that are gone, or have another name: {listed(lost)}."


def _of_files(base: Base) -> Iterator[str]:
    changed = changed_files(base.commit, *CODE)
    if changed:
        yield f"Code that decides on results changed: {listed(changed)}."
    uncommitted = changed_files("HEAD", *COMPARED)
    if uncommitted:
        yield f"Not committed here, and part of what is compared: {listed(uncommitted)}."
