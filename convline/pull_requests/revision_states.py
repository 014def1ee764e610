"""What two commits say of their models: params, metrics, scores with intervals, predictions."""

import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from convline.evaluation.model_comparison import Comparison, describe
from convline.evaluation.titles import MODELS
from convline.runtime import paths
from convline.runtime.dvc import run_dvc
from convline.runtime.errors import UserError
from convline.runtime.git import read

VALUES = ("value", "low", "high")
Pair = tuple[Any, Any]  # before, after; None where there is none


@dataclass(frozen=True)
class State:
    """What Git has of a run at one commit, or what is here.

    Attributes:
        params: of params.yaml, by section.
        stages: names of the stages of dvc.yaml.
        data: a digest of the archive; None where it is not told.
        test_images: a digest of the test split, and how many images it has; None as above.
        classes: of the images, in the order of their labels.
        positive: of two classes, the one that scores are of; else None.
        judged: whether there are figures of the test split.
        scores: value, low and high by `model.score`; NaN where unknown.
        said: columns `actual` and `predicted` of the test split, by model, in order of the keys.
        sentence: which of the two models is better, or nothing.
    """

    params: dict[str, Any]
    stages: frozenset[str]
    data: str | None
    test_images: tuple[str, int] | None
    classes: list[str]
    positive: str | None
    judged: bool
    scores: dict[str, tuple[float, float, float]]
    said: dict[str, pd.DataFrame]
    sentence: str


def read_state(commit: str | None) -> State:
    """Read a commit, or the working folder (None); what is missing or unreadable is left out."""
    organize = section(_metrics("organize", commit), "organize")
    digest, count = organize.get("test_sha256"), organize.get("test")
    known = isinstance(digest, str) and isinstance(count, int)
    params = _yaml(paths.PARAMS, commit)
    rows = organize.get("per_class")
    classes = [str(row.get("class")) for row in rows or [] if isinstance(row, dict)]
    evaluate = _metrics("evaluate", commit)
    return State(
        params=params,
        stages=frozenset(section(_yaml(Path("dvc.yaml"), commit), "stages")),
        data=section(_metrics("download", commit), "download").get("sha256"),
        test_images=cast("tuple[str, int]", (digest, count)) if known else None,
        classes=classes,
        positive=_positive(classes, params),
        judged=bool(evaluate),
        scores=_scores(commit),
        said=_said(commit),
        sentence=_sentence(evaluate),
    )


def section(content: dict[str, Any], name: str) -> dict[str, Any]:
    """What stands under a name; nothing where it is no table, as after a merge that went wrong."""
    part = content.get(name)
    return part if isinstance(part, dict) else {}


def metric_pairs(commit: str) -> dict[str, Pair]:
    """All numbers among the metrics, by name, at a commit and here; None where there is none.

    What moved to another file keeps its name.
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
    """Params that differ, by name, at a commit and here."""
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
    if len(classes) != 2:
        return None
    asked = section(params, "evaluate").get("positive_class")
    return classes[1] if asked is None else str(asked)


def _scores(commit: str | None) -> dict[str, tuple[float, float, float]]:
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


def _said(commit: str | None) -> dict[str, pd.DataFrame]:
    columns = ("actual", "predicted")
    folder = paths.metrics_folder("evaluate")
    tables = {m: _table(folder / f"confusion_{m}.csv", commit, *columns) for m in MODELS}
    return {model: table for model, table in tables.items() if len(table)}


def _table(file: Path, commit: str | None, *columns: str) -> pd.DataFrame:
    """These columns as text, since a class may be called `NA`; no rows where they are not there."""
    nothing = pd.DataFrame(columns=list(columns), dtype=str)
    try:
        table = pd.read_csv(io.StringIO(read(file, commit) or ""), dtype=str, keep_default_na=False)
    except (pd.errors.EmptyDataError, pd.errors.ParserError):
        return nothing
    return table[list(columns)] if {*columns} <= {*table} else nothing


def _sentence(metrics: dict[str, Any]) -> str:
    try:
        return describe(cast("Comparison", metrics["comparison"]), metrics["examples"])
    except (KeyError, TypeError, ValueError):
        return ""
