"""Read the finished experiments that `dvc exp show` lists, one row per run."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import dvc.api
import pandas as pd
from dvc.exceptions import DvcException
from ruamel.yaml import YAML

from convline.runtime import paths
from convline.runtime.errors import UserError

# States of runs with metrics of their own. DVC lists failed and queued runs with the metrics of the
# commit that they start from.
FINISHED = {None, "Success"}
AS_IN_YAML = {"None": "null", "True": "true", "False": "false"}
RUN_SOME = "dvc exp run --queue -S 'train.dropout=0.15,0.3,0.45' && dvc queue start"


@dataclass(frozen=True)
class Runs:
    """Finished runs without duplicates.

    Attributes:
        table: one row per run with `Experiment`, params (numbers or text) and metrics (numbers).
        params: names of the columns with params.
        commit: params of the commit that the experiments started from.
        metrics: names of the columns with metrics; NaN if a run lacks one.
        unfinished: number of experiments that failed, are running or are queued.
        repeated: number of runs equal to another one in all params and metrics.
    """

    table: pd.DataFrame
    params: list[str]
    commit: dict[str, float | str]
    metrics: list[str]
    unfinished: int
    repeated: int


def gather(commits: int = 1) -> Runs:
    """Return the experiments of the last commits, and those commits that are results themselves.

    Raises:
        UserError: the folder is not a DVC repository, or no experiment has finished.
    """
    if not Path(".dvc").is_dir():
        raise UserError("not a DVC repository; run from the root of the repository")
    try:
        rows = dvc.api.exp_show(num=commits)
    except DvcException as error:
        raise UserError(f"DVC cannot list experiments, which it keeps in Git: {error}") from None
    experiments = [row for row in rows if row["typ"] != "baseline"]
    if not experiments:
        raise UserError(
            f"the last commit has no experiments. Run some:\n  {RUN_SOME}\n"
            "or include earlier commits with -n"
        )
    finished = [row for row in experiments if row["State"] in FINISHED]
    unfinished = len(experiments) - len(finished)
    if not finished:
        raise UserError(f"none of {unfinished} experiments has finished; run `dvc exp show`")
    baselines = [row for row in rows if row["typ"] == "baseline" and row["rev"] != "workspace"]
    finished += [row for row in baselines if _is_outcome(row)]
    names = [name for name, _ in _flatten(_read(paths.PARAMS, finished[0]["rev"]))]
    params = [name for name in finished[0] if _is_param(name, names)]
    metrics = [name for name in finished[0] if name not in params and _has_numbers(finished, name)]
    table = pd.DataFrame([_cells(row, params, metrics) for row in finished])
    different = table.drop_duplicates(params + metrics, ignore_index=True)
    start = {name: _param_value(baselines[0].get(name)) for name in params}
    return Runs(different, params, start, metrics, unfinished, len(table) - len(different))


def _is_outcome(row: Mapping[str, Any]) -> bool:
    """Return True if dvc.lock of a commit has its params, so that its metrics belong to them."""
    try:
        stages = _read(paths.DVC_LOCK, row["rev"])["stages"].values()
    except (DvcException, OSError):
        return False
    files = [file for stage in stages for file in stage.get("params", {}).values()]
    return all(row.get(name) == value for file in files for name, value in _flatten(file))


def _read(file: Path, revision: str) -> Any:
    text = dvc.api.read(str(file), rev=revision, encoding="utf-8")
    return YAML(typ="safe", pure=True).load(text)


def _flatten(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, float | str]]:
    """Yield names and values in the form of `dvc.api.exp_show`: 1 as 1.0, null as 'None'."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{above}{key}.")
            continue
        try:
            yield f"{above}{key}", float(str(value))
        except ValueError:
            yield f"{above}{key}", str(value)


def _is_param(column: str, params: list[str]) -> bool:
    """Return True for a param of one run, also if another run has a section or null instead."""
    return any(
        column == name or column.startswith(f"{name}.") or name.startswith(f"{column}.")
        for name in params
    )


def _has_numbers(rows: list[dict[str, Any]], column: str) -> bool:
    return any(_is_number(row[column]) for row in rows)


def _cells(row: Mapping[str, Any], params: list[str], metrics: list[str]) -> dict[str, Any]:
    numbers = {name: row[name] if _is_number(row[name]) else math.nan for name in metrics}
    values = {name: _param_value(row[name]) for name in params}
    return {"Experiment": row["Experiment"] or row["rev"], **values, **numbers}


def _param_value(value: float | str | None) -> float | str:
    if _is_number(value):
        return value
    return "-" if value is None else AS_IN_YAML.get(str(value), str(value))


def _is_number(value: float | str | None) -> TypeGuard[float]:
    return isinstance(value, float) and math.isfinite(value)
