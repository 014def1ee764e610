"""Compare this working folder with the commit at which its branch left another one, in Markdown.

    python -m tools.compare main         what a reviewer of this branch should know
    python -m tools.compare HEAD         what changed since the last commit

It says which params and figures changed, whether by more than chance, and whether dvc.lock and
metrics/ of the last commit came of its own code and params. gate.yaml, if there is one, says by how
much a metric may become worse:

    - metric: transfer.accuracy
      may_fall_by: 0.01

Writes  report/compare.md, what is printed, and report/compare.html, the same with the plots
Exits   with 1 where the gate or the check of dvc.lock fails, or where there are no figures
"""

import argparse
import math
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stages.common.command import run
from stages.common.files import fresh_file
from tools.comparison.gate import judge, load_gate
from tools.comparison.noise import difference_intervals
from tools.comparison.page import page
from tools.comparison.provenance import doubts
from tools.comparison.review import OF_TEST, Review, Row, code, judge_row
from tools.comparison.revisions import Base, changed_files, find_base, head
from tools.comparison.states import Pair, State, changed_params, metric_pairs, read_state
from tools.reporting.drawing import draw

REPORT = Path("report")
CODE = ("stages", "dvc.yaml", "requirements.lock")
COMPARED = ("params.yaml", "dvc.lock", "metrics", *CODE)


def main() -> None:
    base = find_base(parse_arguments().base)
    limits = load_gate()
    # Each asks a DVC of its own, which takes seconds to start.
    with ThreadPoolExecutor() as pool:
        doubted = pool.submit(doubts, "HEAD")
        params = pool.submit(changed_params, base.commit)
        drawn = pool.submit(draw, base.commit[:7])
        metrics = metric_pairs(base.commit)
    before, after = read_state(base.commit), read_state(None)
    incomparable = why_incomparable(before, after)
    old, new = (
        {name: pair[i] for name, pair in metrics.items() if pair[i] is not None} for i in (0, 1)
    )
    review = Review(
        head() + " with changes" * bool(changed_files("HEAD", *COMPARED)),
        base,
        failures=[*no_figures(after), *doubted.result()],
        notes=list(notes(base, before, after, metrics, incomparable)),
        params=params.result(),
        rows=compare_metrics(metrics, before, after, incomparable),
        gate=judge(limits, old, new, incomparable),
        sentences=(before.sentence, after.sentence),
        comparable=not incomparable,
    )
    markdown = review.markdown()
    for name, text in (
        ("compare.md", markdown),
        ("compare.html", page(review, markdown, drawn.result())),
    ):
        with fresh_file(REPORT / name) as partial:
            partial.write_text(text, encoding="utf-8")
    print(markdown)
    if review.failed:
        sys.exit(1)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("base", metavar="BASE", help="a branch or commit, such as main")
    return parser.parse_args()


def why_incomparable(before: State, after: State) -> str:
    """Why figures of the test split cannot be compared; nothing if they can."""
    if not before.judged or not after.judged:
        return ""
    if before.test_images is None or after.test_images is None:
        return "it is not known whether both were tested on the same images"
    if before.test_images != after.test_images:
        counts = f"{before.test_images[1]:,} images, then {after.test_images[1]:,}"
        return f"the test split is another one ({counts})"
    if positive_class(before) != positive_class(after):
        return "evaluate.positive_class is another one"
    return ""


def positive_class(state: State) -> str | None:
    """The class that scores of two classes are of; None for the second."""
    name: str | None = state.params.get("evaluate", {}).get("positive_class")
    return name


def no_figures(after: State) -> Iterator[str]:
    """Whether there is anything to compare here."""
    if not after.judged:
        yield "There are no figures here: run `dvc repro`, and commit dvc.lock and metrics/."


def notes(
    base: Base, before: State, after: State, metrics: dict[str, Pair], incomparable: str
) -> Iterator[str]:
    """What a reviewer must know before the figures."""
    if base.note:
        yield base.note
    if not before.judged:
        yield f"{code([base.name])} has no figures to compare with; what stands here is new."
    if incomparable:
        yield f"The figures are not comparable: {incomparable}."
    if before.data and after.data and before.data != after.data:
        yield "The archive of images is another one."
    for verb, names in (
        ("new", after.stages - before.stages),
        ("gone", before.stages - after.stages),
    ):
        if names and before.stages:
            yield f"Stages that are {verb}: {code(sorted(names))}."
    gone = [name for name, (_, new) in metrics.items() if new is None]
    if gone and after.judged:
        yield f"Metrics that are gone, or have another name: {code(gone)}."
    changed = changed_files(base.commit, *CODE)
    if changed:
        yield f"Code that decides on results changed: {code(changed)}."
    uncommitted = changed_files("HEAD", *COMPARED)
    if uncommitted:
        yield f"Not committed here, and part of what is compared: {code(uncommitted)}."


def compare_metrics(
    metrics: dict[str, Pair], before: State, after: State, incomparable: str
) -> list[Row]:
    """A row for each metric that changed, is new or is gone."""
    spans = {} if incomparable else difference_intervals(before, after)
    return [
        judge_row(name, pair, spans.get(name), bool(incomparable) and name.startswith(OF_TEST))
        for name, pair in sorted(metrics.items())
        if differ(*pair)
    ]


def differ(before: float | None, after: float | None) -> bool:
    """Whether a metric changed, more than in the last bits, as sums in another order do."""
    if before is None or after is None:
        return before is not after
    return not math.isclose(before, after, rel_tol=1e-9)


if __name__ == "__main__":
    run(main)
