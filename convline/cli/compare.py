"""Compare this working folder with the commit at which its branch left another one, in Markdown.

    convline compare main         what a reviewer of this branch should know
    convline compare HEAD         what changed since the last commit

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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from convline.cli import options
from convline.pull_requests.base_commit import find_base
from convline.pull_requests.compare_page import page
from convline.pull_requests.lock_check import doubts
from convline.pull_requests.metric_noise import differences
from convline.pull_requests.metrics_gate import judge, load_gate
from convline.pull_requests.review_notes import no_figures, notes, why_incomparable
from convline.pull_requests.review_text import OF_TEST, Review, Row, judge_row
from convline.pull_requests.revision_states import (
    Pair,
    State,
    changed_params,
    metric_pairs,
    read_state,
)
from convline.reporting.svg_plots import draw
from convline.runtime.files import fresh_file
from convline.runtime.git import COMPARED, changed_files, head
from convline.runtime.runner import run

PAGES = (Path("report/compare.md"), Path("report/compare.html"))


def main() -> None:
    arguments = parse_arguments()
    for old_page in PAGES:
        old_page.unlink(missing_ok=True)
    base = find_base(arguments.base)
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
        notes=notes(base, before, after, metrics, incomparable),
        params=params.result(),
        rows=compare_metrics(metrics, before, after, incomparable),
        gate=judge(limits, old, new, incomparable),
        sentences=(before.sentence, after.sentence),
        comparable=not incomparable,
    )
    markdown = review.markdown()
    texts = (markdown, page(review, markdown, drawn.result()))
    for file, text in zip(PAGES, texts, strict=True):
        with fresh_file(file) as partial:
            partial.write_text(text, encoding="utf-8")
    print(markdown)
    if review.failed:
        sys.exit(1)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = options.parser("compare", __doc__)
    parser.add_argument("base", metavar="BASE", help="a branch or commit, such as main")
    return parser.parse_args()


def compare_metrics(
    metrics: dict[str, Pair], before: State, after: State, incomparable: str
) -> list[Row]:
    """A row for each metric that changed, is new or is gone."""
    found = {} if incomparable else differences(before, after)
    return [
        judge_row(name, pair, found.get(name), bool(incomparable) and name.startswith(OF_TEST))
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
