"""Compare the metrics of this folder with another branch.

    convline compare main         for the reviewer of this branch
    convline compare HEAD         what changed since the last commit

The folder is compared with the commit at which its branch left BASE: which params and metrics
changed, whether the change is statistically significant, and whether dvc.lock and metrics/ of the
last commit belong to its code and params. gate.yaml, if it exists, limits by how much a metric may
become worse:

    - metric: transfer.accuracy
      may_fall_by: 0.01

Writes  report/compare.md, which is also printed, and report/compare.html, the same with plots
Exits   with 1 if the gate or the check of dvc.lock fails, or if there are no metrics
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from convline.cli import options
from convline.pull_requests.base_commit import find_base
from convline.pull_requests.lock_check import find_mismatches
from convline.pull_requests.metric_differences import differences
from convline.pull_requests.metric_rows import changed_rows
from convline.pull_requests.metrics_gate import judge, load_gate
from convline.pull_requests.review_markdown import Review
from convline.pull_requests.review_notes import missing_metrics, notes, why_incomparable
from convline.pull_requests.review_page import render_page
from convline.pull_requests.revision_results import changed_params, metric_pairs, read_results
from convline.reporting.svg_plots import draw
from convline.runtime.files import fresh_file
from convline.runtime.git import COMPARED, changed_files, head
from convline.runtime.printable import printable

PAGES = (Path("report/compare.md"), Path("report/compare.html"))


@options.command(help=__doc__)
@click.argument("base", help="branch or commit, such as main")
def main(base: str) -> None:
    for old_page in PAGES:
        old_page.unlink(missing_ok=True)
    left = find_base(base)
    limits = load_gate()
    # Each starts a DVC process, which takes seconds.
    with ThreadPoolExecutor() as pool:
        mismatches = pool.submit(find_mismatches, "HEAD")
        params = pool.submit(changed_params, left.commit)
        drawn = pool.submit(draw, left.commit[:7])
        metrics = metric_pairs(left.commit)
    before, after = read_results(left.commit), read_results(None)
    incomparable = why_incomparable(before, after)
    old, new = (
        {name: pair[i] for name, pair in metrics.items() if pair[i] is not None} for i in (0, 1)
    )
    found = {} if incomparable else differences(before, after)
    review = Review(
        head() + " with changes" * bool(changed_files("HEAD", *COMPARED)),
        left,
        failures=[*missing_metrics(after), *mismatches.result()],
        notes=notes(left, before, after, metrics, incomparable),
        params=params.result(),
        rows=changed_rows(metrics, found, not incomparable),
        gate=judge(limits, old, new, incomparable),
        sentences=(before.sentence, after.sentence),
        comparable=not incomparable,
    )
    markdown = review.markdown()
    texts = (markdown, render_page(review, markdown, drawn.result()))
    for file, text in zip(PAGES, texts, strict=True):
        with fresh_file(file) as partial:
            partial.write_text(text, encoding="utf-8")
    print(printable(markdown))
    if review.failed:
        sys.exit(1)
