"""The results of one revision: params, metrics, scores with intervals, predicted classes."""

import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from convline.evaluation.display_names import MODELS
from convline.evaluation.model_comparison import Comparison, describe
from convline.evaluation.positive_class import positive_name
from convline.runtime import paths
from convline.runtime.dvc import run_dvc
from convline.runtime.errors import UserError
from convline.runtime.git import read

VALUES = ("value", "low", "high")
Pair = tuple[Any, Any]  # before, after; None if there is no value
Estimate = tuple[float, float, float]  # value and ends of its 95 % interval


@dataclass(frozen=True)
class Results:
    """The results of a run in Git at one commit, or in the working folder.

    Attributes:
        params: contents of params.yaml.
        stages: names of the stages of dvc.yaml.
        archive: SHA-256 of the archive of images; None if unknown.
        test_images: SHA-256 of the test split and its number of images; None if unknown.
        classes: class names in the order of their labels.
        positive: the positive one of two classes; None for more classes.
        evaluated: True if there are metrics of the test split.
        scores: value, low and high by `model.score`; NaN if unknown.
        predictions: columns `actual` and `predicted` of the test split by model, in order of the
            keys.
        sentence: which of the two models is better; empty if unknown.
        grouped: True if test images share a group, so that they are not independent.
    """

    params: dict[str, Any]
    stages: frozenset[str]
    archive: str | None
    test_images: tuple[str, int] | None
    classes: list[str]
    positive: str | None
    evaluated: bool
    scores: dict[str, Estimate]
    predictions: dict[str, pd.DataFrame]
    sentence: str
    grouped: bool


def read_results(commit: str | None) -> Results:
    """Read a commit, or the working folder (None); missing and unreadable files are left out."""
    organize = section(_metrics("organize", commit), "organize")
    digest, count = organize.get("test_sha256"), organize.get("test")
    known = isinstance(digest, str) and isinstance(count, int)
    params = _yaml(paths.PARAMS, commit)
    rows = organize.get("per_class")
    classes = [str(row.get("class")) for row in rows or [] if isinstance(row, dict)]
    evaluate = _metrics("evaluate", commit)
    return Results(
        params=params,
        stages=frozenset(section(_yaml(paths.DVC_YAML, commit), "stages")),
        archive=section(_metrics("download", commit), "download").get("sha256"),
        test_images=cast("tuple[str, int]", (digest, count)) if known else None,
        classes=classes,
        positive=_positive(classes, params),
        evaluated=bool(evaluate),
        scores=_scores(commit),
        predictions=_predictions(commit),
        sentence=_sentence(evaluate),
        grouped=section(evaluate, "comparison").get("permutation_p") is not None,
    )


def section(content: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a table of the content; empty if it is not one, as after a failed merge."""
    part = content.get(name)
    return part if isinstance(part, dict) else {}


def metric_pairs(commit: str) -> dict[str, Pair]:
    """Return all numeric metrics at a commit and in the working folder, by name.

    A metric that moved to another file keeps its name.
    """
    pairs: dict[str, Pair] = {}
    for metrics in _dvc_diff("metrics", commit).values():
        for name, values in metrics.items():
            before, after = (_number(values.get(which)) for which in ("old", "new"))
            old = pairs.get(name, (None, None))
            if before is not None or after is not None:
                pairs[name] = (
                    old[0] if before is None else before,
                    old[1] if after is None else after,
                )
    return pairs


def changed_params(commit: str) -> dict[str, Pair]:
    """Return the params that differ at a commit and in the working folder, by name."""
    files = _dvc_diff("params", commit).values()
    return {
        name: (values.get("old"), values.get("new"))
        for params in files
        for name, values in params.items()
        if values.get("old") != values.get("new")
    }


def _dvc_diff(what: str, commit: str) -> dict[str, dict[str, dict[str, Any]]]:
    options = ["--all", "--json"] + ["--precision=15"] * (what == "metrics")
    result = run_dvc(what, "diff", *options, commit)
    if result.returncode:
        raise UserError(f"`dvc {what} diff` failed: {result.stderr.strip()}")
    return cast("dict[str, dict[str, dict[str, Any]]]", json.loads(result.stdout or "{}"))


def _number(value: Any) -> int | float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None


def _metrics(stage: str, commit: str | None) -> dict[str, Any]:
    try:
        content = json.loads(read(paths.metrics(stage), commit) or "{}")
    except json.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _yaml(file: Path, commit: str | None) -> dict[str, Any]:
    try:
        content = YAML(typ="safe", pure=True).load(read(file, commit) or "{}")
    except YAMLError:
        return {}
    return content if isinstance(content, dict) else {}


def _positive(classes: list[str], params: dict[str, Any]) -> str | None:
    chosen = section(params, "evaluate").get("positive_class")
    try:
        return positive_name(classes, chosen)
    except UserError:
        return None


def _scores(commit: str | None) -> dict[str, Estimate]:
    file = paths.metrics_folder("evaluate") / "scores.csv"
    table = _table(file, commit, "model", "split", "score", "class", *VALUES)
    table = table[(table["split"] == "test") & (table["class"] == "")]
    numbers = table[[*VALUES]].apply(pd.to_numeric, errors="coerce")
    return {
        f"{model}.{score}": (value, low, high)
        for (model, score), (value, low, high) in zip(
            table[["model", "score"]].to_numpy(), numbers.to_numpy(), strict=True
        )
    }


def _predictions(commit: str | None) -> dict[str, pd.DataFrame]:
    columns = ("actual", "predicted")
    folder = paths.metrics_folder("evaluate")
    tables = {m: _table(folder / f"confusion_{m}.csv", commit, *columns) for m in MODELS}
    return {model: table for model, table in tables.items() if len(table)}


def _table(file: Path, commit: str | None, *columns: str) -> pd.DataFrame:
    """Return these columns as text (a class may be called `NA`); no rows if they are missing."""
    nothing = pd.DataFrame(columns=list(columns), dtype=str)
    try:
        table = pd.read_csv(io.StringIO(read(file, commit) or ""), dtype=str, keep_default_na=False)
    except (pd.errors.EmptyDataError, pd.errors.ParserError):
        return nothing
    return table[list(columns)] if {*columns} <= {*table} else nothing


def _sentence(metrics: dict[str, Any]) -> str:
    try:
        return describe(cast("Comparison", metrics["comparison"]))
    except (KeyError, TypeError, ValueError):
        return ""
