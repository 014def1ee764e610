"""Notes that a reviewer must read before the metrics."""

from collections.abc import Iterator
from itertools import chain

from convline.pull_requests.base_commit import Base
from convline.pull_requests.metrics_gate import GATE
from convline.pull_requests.review_markdown import listed
from convline.pull_requests.revision_results import Pair, Results
from convline.reporting.markdown import code
from convline.runtime.git import CODE, COMPARED, changed_files, read


def why_incomparable(before: Results, after: Results) -> str:
    """Return why metrics of the test split cannot be compared; empty if they can."""
    if not before.evaluated or not after.evaluated:
        return ""
    if before.test_images is None or after.test_images is None:
        return "it is unknown whether both were tested on the same images"
    if before.test_images != after.test_images:
        counts = f"{before.test_images[1]:,} images before, {after.test_images[1]:,} now"
        return f"the test split changed ({counts})"
    if before.positive != after.positive:
        names = f"from {code(str(before.positive))} to {code(str(after.positive))}"
        return f"the positive class changed {names}"
    return ""


def missing_metrics(after: Results) -> list[str]:
    """Return the failure of a working folder without metrics; empty if it has some."""
    if after.evaluated:
        return []
    return ["There are no metrics here: run `dvc repro`, then commit dvc.lock and metrics/."]


def notes(
    base: Base, before: Results, after: Results, metrics: dict[str, Pair], incomparable: str
) -> list[str]:
    """Return all notes, the most important first.

    Args:
        base: the commit to compare with.
        before: results of the base.
        after: results of the working folder.
        metrics: metrics before and after by name.
        incomparable: why metrics of the test split cannot be compared; empty if they can.
    """
    parts = (
        _on_base(base, before),
        _on_metrics(before, after, metrics, incomparable),
        _on_files(base),
    )
    return [*chain(*parts)]


def _on_base(base: Base, before: Results) -> Iterator[str]:
    if base.note:
        yield base.note
    if read(GATE, base.commit) not in {None, read(GATE, None)}:
        yield f"`{GATE}` differs from that on {code(base.name)}."
    if not before.evaluated:
        yield f"{code(base.name)} has no metrics to compare with: all metrics here are new."


def _on_metrics(
    before: Results, after: Results, metrics: dict[str, Pair], incomparable: str
) -> Iterator[str]:
    if incomparable:
        yield f"The metrics are not comparable: {incomparable}."
    if before.archive and after.archive and before.archive != after.archive:
        yield "The archive of images changed."
    new, removed = after.stages - before.stages, before.stages - after.stages
    for verb, names in (("New", new), ("Removed", removed)):
        if names and before.stages:
            yield f"{verb} stages: {listed(sorted(names))}."
    lost = [name for name, (_, now) in metrics.items() if now is None]
    if lost and after.evaluated:
        yield f"Removed or renamed metrics: {listed(lost)}."


def _on_files(base: Base) -> Iterator[str]:
    changed = changed_files(base.commit, *CODE)
    if changed:
        yield f"Changed code that determines results: {listed(changed)}."
    uncommitted = changed_files("HEAD", *COMPARED)
    if uncommitted:
        yield f"Not committed, but part of the comparison: {listed(uncommitted)}."
