"""All scores of a model: those of metrics/evaluate.json and of metrics/evaluate/scores.csv."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from convline.evaluation.bootstrap import UNKNOWN, Interval, intervals, resampled_scores
from convline.evaluation.metrics import OVERALL, Scores, overall, score
from convline.evaluation.threshold import screen, screening_intervals
from convline.records.predictions import Predictions


@dataclass(frozen=True)
class Summary:
    """The scores of one model.

    Attributes:
        test: scores of the test split as in metrics/evaluate.json: None where undefined.
        splits: scores of train, validation and test.
        intervals: 95 % intervals of the test split's scores; NaN where there are none.
    """

    test: dict[str, Any]
    splits: dict[str, Scores]
    intervals: dict[tuple[str, str], Interval]


def summarize(
    splits: Mapping[str, Predictions], positive: int, sensitivity: float, weights: np.ndarray
) -> Summary:
    """Score one model.

    Args:
        splits: its predictions for train, validation and test.
        positive: the label of the positive class, where there are two classes.
        sensitivity: share of the positives that the threshold must find, where there are two.
        weights: resamples of the test split, (resamples, n).
    """
    scores = {split: score(predictions, positive) for split, predictions in splits.items()}
    test = splits["test"]
    spans = intervals(resampled_scores(test, weights, positive))
    content: dict[str, Any] = overall(scores["test"])
    if len(test.classes) == 2:
        found = screen(splits["validation"], test, positive, sensitivity)
        content["screening"] = found
        if found:
            spans |= screening_intervals(test, positive, found["threshold"], weights)
            for name in ("sensitivity", "specificity"):
                value = found[name]
                scores["test"][f"screening.{name}", OVERALL] = np.nan if value is None else value
    return Summary(content, scores, spans)


def score_table(summaries: Mapping[str, Summary]) -> pd.DataFrame:
    """Build a table with a row for each model, split, score and class.

    Returns:
        Columns `model`, `split`, `score`, `class` (empty for all classes together), `value`, and
        `low` and `high`, the 95 % bootstrap interval, for the test split only. Undefined values
        are empty.
    """
    rows = [
        (model, split, name, label, value, *(spans.get((name, label), UNKNOWN)))
        for model, summary in summaries.items()
        for split, scores in summary.splits.items()
        for spans in [summary.intervals if split == "test" else {}]
        for (name, label), value in scores.items()
    ]
    columns = ["model", "split", "score", "class", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns).round(6)
