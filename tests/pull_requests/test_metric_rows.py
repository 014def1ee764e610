"""Verdicts on metrics that changed."""

import pytest

from convline.pull_requests.metric_differences import Difference
from convline.pull_requests.metric_rows import changed_rows, judge_row


@pytest.mark.parametrize(
    ("name", "pair", "difference", "verdict"),
    [
        ("a.f1", (0.5, 0.6), Difference(0.05, 0.15, significant=True), "better"),
        ("a.f1", (0.6, 0.5), Difference(-0.15, -0.05, significant=True), "worse"),
        ("a.loss", (0.5, 0.6), Difference(0.05, 0.15, significant=True), "worse"),
        ("a.loss", (0.6, 0.5), Difference(-0.15, -0.05, significant=True), "better"),
        ("a.f1", (0.5, 0.6), Difference(0.05, 0.15, significant=False), "not significant"),
        ("a.f1", (0.5, 0.6), None, "no interval"),
        ("a.f1", (None, 0.6), None, "new"),
        ("a.f1", (0.5, None), None, "removed"),
    ],
)
def test_the_verdict_on_a_difference(name, pair, difference, verdict):
    assert judge_row(name, pair, difference, comparable=True).verdict == verdict
    if None not in pair:
        assert judge_row(name, pair, difference, comparable=False).verdict == "not comparable"


def test_only_metrics_that_changed_have_a_row():
    metrics = {
        "scratch.loss": (0.1, 0.1 * (1 + 1e-12)),
        "transfer.f1": (0.5, 0.6),
        "organize.images": (10, 20),
        "scratch.f1": (None, 0.5),
    }
    rows = changed_rows(metrics, {}, comparable=False)
    assert [(row.name, row.verdict) for row in rows] == [
        ("organize.images", "no interval"),
        ("scratch.f1", "new"),
        ("transfer.f1", "not comparable"),
    ]
