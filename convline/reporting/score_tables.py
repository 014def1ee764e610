"""What the report says of scores: the figures as text, with as many digits as they bear."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from convline.evaluation.model_comparison import MCNEMAR, Comparison, describe, p_value, tell_p
from convline.evaluation.titles import MODELS, SCORES, lower_is_better
from convline.params.schema import Params
from convline.runtime import paths
from convline.runtime.errors import UserError

# What stands over a narrow column.
SHORT = {"scratch": "From scratch", "transfer": "Pre-trained"}
ACROSS_SPLITS = ("accuracy", "balanced_accuracy", "f1", "roc_auc", "loss")
PER_CLASS = ("precision", "recall", "f1")
FEW_CLASSES = 12
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Figure:
    """A figure as the page shows it; empty where the images do not define it."""

    value: str = ""
    interval: str = ""


# By model, split, score and class, which is empty for all classes together.
Table = Mapping[tuple[str, str, str, str], Figure]


def facts(evaluate: dict[str, Any], organized: dict[str, Any], params: Params) -> dict[str, Any]:
    """All that the page says of scores.

    Raises:
        UserError: they are not there, or lack the comparison.
    """
    if "comparison" not in evaluate:
        file = paths.metrics("evaluate")
        raise UserError(f"{file} has no comparison: another version wrote it; run `dvc repro`")
    table = read_scores()
    classes = [row["class"] for row in organized["per_class"]]
    comparison = evaluate["comparison"]
    return {
        "models": {model: words[0].upper() + words[1:] for model, words in MODELS.items()},
        "short": SHORT,
        "verdict": describe(comparison, evaluate["examples"]),
        "examples": evaluate["examples"],
        "resamples": params.evaluate.n_resamples,
        "positive": positive_class(classes, params) if len(classes) == 2 else None,
        "headline": {m: table.get((m, "test", "accuracy", ""), Figure()) for m in MODELS},
        "scores": scores(evaluate, table),
        "splits": {model: across_splits(model, table) for model in MODELS},
        "comparison": {**comparison, **tell(comparison)},
        "screening": screening(evaluate, table, params),
        "per_class": per_class(organized, table),
        "few_classes": len(classes) <= FEW_CLASSES,
    }


def read_scores() -> Table:
    """The table of all scores.

    Raises:
        UserError: there is none.
    """
    file = paths.metrics_folder("evaluate") / "scores.csv"
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return {
                (row["model"], row["split"], row["score"], row["class"]): Figure(
                    number(_float(row["value"])),
                    interval(_float(row["low"]), _float(row["high"])),
                )
                for row in csv.DictReader(lines)
            }
    except FileNotFoundError:
        raise UserError(f"there is no {file}; run `dvc repro`") from None
    except (KeyError, ValueError):
        raise UserError(f"{file} is not what `evaluate` wrote; run `dvc repro`") from None


def positive_class(classes: list[str], params: Params) -> str:
    """The class that the scores of two classes are of."""
    return params.evaluate.positive_class or classes[1]


def scores(evaluate: dict[str, Any], table: Table) -> list[dict[str, Any]]:
    """A row for each score of the test split, those that the page knows by a better name first."""
    known = {model: evaluate[model] for model in MODELS}
    names = [name for figures in known.values() for name in figures if name != "screening"]
    order = list(SCORES)
    names = sorted({*names}, key=lambda x: (order.index(x) if x in order else len(order), x))
    return [
        {
            "title": SCORES.get(name, name.replace("_", " ").capitalize()),
            "lower_is_better": lower_is_better(name),
            "figures": [
                Figure(
                    number(known[model].get(name)),
                    table.get((model, "test", name, ""), Figure()).interval,
                )
                for model in MODELS
            ],
        }
        for name in names
    ]


def across_splits(model: str, table: Table) -> list[dict[str, Any]]:
    """A row for each score with its value on each split, and how far training is from test."""
    rows = []
    for score in ACROSS_SPLITS:
        values = [table.get((model, split, score, ""), Figure()).value for split in paths.SPLITS]
        both = values[0] and values[-1]
        gap = signed(float(values[0]) - float(values[-1]), 4) if both else ""
        rows.append({"title": SCORES[score], "values": values, "gap": gap})
    return rows


def tell(comparison: dict[str, Any]) -> dict[str, str]:
    """The difference, its interval and p, as text."""
    low, high = comparison["low"], comparison["high"]
    span = "" if low is None else f"{signed(low, 3)} to {signed(high, 3)}"
    grouped = comparison["mcnemar_p"] is None
    return {
        "difference": signed(comparison["difference"], 3),
        "interval": span,
        "test": "Permutation test of groups" if grouped else MCNEMAR,
        "p": tell_p(p_value(cast("Comparison", comparison))),
    }


def screening(
    evaluate: dict[str, Any], table: Table, params: Params
) -> dict[str, dict[str, Any]] | None:
    """Of two classes: the threshold of each model and what it gives; None where there is none."""
    chosen = {model: evaluate[model].get("screening") for model in MODELS}
    if not any(chosen.values()):
        return None
    words = {
        "threshold": "Threshold, chosen on validation",
        "validation_sensitivity": "Sensitivity on validation",
        "sensitivity": "Sensitivity on test",
        "specificity": "Specificity on test",
        "precision": "Precision on test",
    }
    rows = {
        title: [
            Figure(
                number((chosen[model] or {}).get(name)),
                table.get((model, "test", f"screening.{name}", ""), Figure()).interval,
            )
            for model in MODELS
        ]
        for name, title in words.items()
    }
    return {"target": {"value": f"{params.evaluate.target_sensitivity:g}"}, "rows": rows}


def per_class(organized: dict[str, Any], table: Table) -> list[dict[str, Any]]:
    """A row for each class: its test images, precision, recall and F1 of both models."""
    return [
        {
            "class": row["class"],
            "images": row["test"],
            "values": [
                table.get((model, "test", score, row["class"]), Figure()).value
                for score in PER_CLASS
                for model in MODELS
            ],
        }
        for row in organized["per_class"]
    ]


def number(value: float | None) -> str:
    """Four decimals; of a value below one thousandth, two figures."""
    if value is None or math.isnan(value):
        return ""
    return f"{value:.1e}" if 0 < abs(value) < 0.0005 else f"{value:.4f}"


def interval(low: float, high: float) -> str:
    """As many decimals as its width bears, 2 to 4: `0.98 to 1.00`; small ones have one more."""
    if math.isnan(low) or math.isnan(high):
        return ""
    width = high - low
    bears = max(2, math.ceil(-math.log10(width))) if width > 0 else 4
    decimals = min(4, bears + (high < 0.1))
    return f"{low:.{decimals}f} to {high:.{decimals}f}"


def signed(value: float, decimals: int) -> str:
    """With a sign that is as wide as a digit."""
    text = f"{value:+.{decimals}f}"
    return text.strip("+-") if not float(text) else text.replace("-", MINUS)


def _float(text: str) -> float:
    return float(text) if text else math.nan
