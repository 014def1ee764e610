"""Scores of the report as text, with as many digits as their intervals justify."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from convline.evaluation.display_names import IN_SENTENCES, MODELS, SCORES, lower_is_better
from convline.evaluation.model_comparison import (
    Comparison,
    format_p,
    name_of_test,
    p_value,
    statistics,
    verdict,
)
from convline.evaluation.positive_class import positive_name, warn_of_positive
from convline.params.schema import Params
from convline.runtime import paths
from convline.runtime.errors import UserError

ACROSS_SPLITS = ("accuracy", "balanced_accuracy", "f1", "roc_auc", "loss")
PER_CLASS = ("precision", "recall", "f1")
FEW_CLASSES = 12
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Cell:
    """A score as text; empty where the images do not define it."""

    value: str = ""
    interval: str = ""


# By model, split, score and class, which is empty for all classes together.
Table = Mapping[tuple[str, str, str, str], Cell]


def facts(evaluate: dict[str, Any], organized: dict[str, Any], params: Params) -> dict[str, Any]:
    """Return what the report shows of scores.

    Raises:
        UserError: scores are missing or lack the comparison.
    """
    if "comparison" not in evaluate:
        file = paths.metrics("evaluate")
        why = "has no comparison: another version of Convline wrote it"
        raise UserError(f"{file} {why}; run `dvc repro`")
    table = read_scores()
    classes = [row["class"] for row in organized["per_class"]]
    comparison = cast("Comparison", evaluate["comparison"])
    return {
        "models": MODELS,
        "question": " or ".join(IN_SENTENCES.values()),
        "verdict": verdict(comparison),
        "statistics": statistics(comparison),
        "examples": evaluate["examples"],
        "resamples": params.evaluate.n_resamples,
        "positive": positive_name(classes, params.evaluate.positive_class),
        "positive_warning": warn_of_positive(classes, params.evaluate.positive_class),
        "headline": {m: table.get((m, "test", "accuracy", ""), Cell()) for m in MODELS},
        "scores": scores(evaluate, table),
        "splits": {model: across_splits(model, table) for model in MODELS},
        "comparison": {**comparison, **comparison_text(comparison)},
        "screening": screening(evaluate, table, params),
        "per_class": per_class(organized, table),
        "few_classes": len(classes) <= FEW_CLASSES,
    }


def read_scores() -> Table:
    """Read metrics/evaluate/scores.csv.

    Raises:
        UserError: it is missing or not readable.
    """
    file = paths.metrics_folder("evaluate") / "scores.csv"
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return {
                (row["model"], row["split"], row["score"], row["class"]): Cell(
                    number(_float(row["value"])),
                    interval(_float(row["low"]), _float(row["high"])),
                )
                for row in csv.DictReader(lines)
            }
    except FileNotFoundError:
        raise UserError(f"there is no {file}; run `dvc repro`") from None
    except (KeyError, ValueError):
        raise UserError(f"{file} is not a table that `evaluate` wrote; run `dvc repro`") from None


def scores(evaluate: dict[str, Any], table: Table) -> list[dict[str, Any]]:
    """Return a row for each score of the test split, those with a display name first."""
    values = {model: evaluate[model] for model in MODELS}
    names = [name for named in values.values() for name in named if name != "screening"]
    order = list(SCORES)
    names = sorted({*names}, key=lambda x: (order.index(x) if x in order else len(order), x))
    return [
        {
            "title": SCORES.get(name, name.replace("_", " ").capitalize()),
            "lower_is_better": lower_is_better(name),
            "cells": [
                Cell(
                    number(values[model].get(name)),
                    table.get((model, "test", name, ""), Cell()).interval,
                )
                for model in MODELS
            ],
        }
        for name in names
    ]


def across_splits(model: str, table: Table) -> list[dict[str, Any]]:
    """Return a row for each score: its value on each split, and train minus test."""
    rows = []
    for score in ACROSS_SPLITS:
        values = [table.get((model, split, score, ""), Cell()).value for split in paths.SPLITS]
        both = values[0] and values[-1]
        gap = signed(float(values[0]) - float(values[-1]), 4) if both else ""
        rows.append({"title": SCORES[score], "values": values, "gap": gap})
    return rows


def comparison_text(comparison: Comparison) -> dict[str, str]:
    """Return the difference, its interval and p as text."""
    low, high = comparison["low"], comparison["high"]
    test = name_of_test(comparison)
    return {
        "difference": signed(comparison["difference"], 3),
        "interval": "" if low is None or high is None else f"{signed(low, 3)} to {signed(high, 3)}",
        "test": test[0].upper() + test[1:],
        "p": format_p(p_value(comparison)),
    }


def screening(evaluate: dict[str, Any], table: Table, params: Params) -> dict[str, Any] | None:
    """Return the threshold of each model and its scores; None unless there are two classes."""
    chosen = {model: evaluate[model].get("screening") for model in MODELS}
    if not any(chosen.values()):
        return None
    titles = {
        "threshold": "Threshold, chosen on validation",
        "validation_sensitivity": "Sensitivity on validation",
        "sensitivity": "Sensitivity on test",
        "specificity": "Specificity on test",
        "precision": "Precision on test",
    }
    rows = [
        {
            "title": title,
            "lower_is_better": False,
            "cells": [
                Cell(
                    number((chosen[model] or {}).get(name)),
                    table.get((model, "test", f"screening.{name}", ""), Cell()).interval,
                )
                for model in MODELS
            ],
        }
        for name, title in titles.items()
    ]
    return {"target": f"{params.evaluate.target_sensitivity:g}", "rows": rows}


def per_class(organized: dict[str, Any], table: Table) -> list[dict[str, Any]]:
    """Return a row for each class: its test images, precision, recall and F1 of both models."""
    return [
        {
            "class": row["class"],
            "images": row["test"],
            "values": [
                table.get((model, "test", score, row["class"]), Cell()).value
                for score in PER_CLASS
                for model in MODELS
            ],
        }
        for row in organized["per_class"]
    ]


def number(value: float | None) -> str:
    """Format with four decimals; values below 0.0005 with two significant digits."""
    if value is None or math.isnan(value):
        return ""
    return f"{value:.1e}" if 0 < abs(value) < 0.0005 else f"{value:.4f}"


def interval(low: float, high: float) -> str:
    """Format an interval with 2 to 4 decimals, by its width; small values get one more."""
    if math.isnan(low) or math.isnan(high):
        return ""
    width = high - low
    justified = max(2, math.ceil(-math.log10(width))) if width > 0 else 4
    decimals = min(4, justified + (high < 0.1))
    return f"{low:.{decimals}f} to {high:.{decimals}f}"


def signed(value: float, decimals: int) -> str:
    """Format with a sign; the minus sign is as wide as a digit."""
    text = f"{value:+.{decimals}f}"
    return text.strip("+-") if not float(text) else text.replace("-", MINUS)


def _float(text: str) -> float:
    return float(text) if text else math.nan
