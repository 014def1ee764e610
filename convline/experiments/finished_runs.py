"""The finished experiments of DVC, as `dvc exp show` lists them: a row per run."""

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

# In what state a run is whose metrics are its own. One that failed or waits is listed with those of
# the commit that it starts from.
FINISHED = {None, "Success"}
AS_IN_YAML = {"None": "null", "True": "true", "False": "false"}
RUN_SOME = "dvc exp run --queue -S 'train.dropout=0.15,0.3,0.45' && dvc queue start"


@dataclass(frozen=True)
class Runs:
    """Finished runs, each with other params or metrics than the rest.

    Attributes:
        table: a row per run: `Experiment`, its params (numbers or text) and its metrics (numbers).
        params: names of columns.
        commit: the params of the commit that the experiments started from.
        metrics: names of columns; NaN where a run has no such metric.
        unfinished: how many experiments failed, run or wait.
        repeated: how many are equal to another one in all params and metrics.
    """

    table: pd.DataFrame
    params: list[str]
    commit: dict[str, float | str]
    metrics: list[str]
    unfinished: int
    repeated: int


def gather(commits: int = 1) -> Runs:
    """The experiments of the last commits, and those commits that hold the outcome of a run.

    Raises:
        UserError: this is no repository, or holds no experiment that finished.
    """
    if not Path(".dvc").is_dir():
        raise UserError("there is no DVC repository here; run from the root of the repository")
    try:
        rows = dvc.api.exp_show(num=commits)
    except DvcException as error:
        raise UserError(f"DVC lists no experiments here, which it keeps in Git: {error}") from None
    experiments = [row for row in rows if row["typ"] != "baseline"]
    if not experiments:
        raise UserError(
            f"the last commit has no experiments yet. Run some:\n  {RUN_SOME}\n"
            "or look at more commits with -n, as `dvc exp show -n` does"
        )
    finished = [row for row in experiments if row["State"] in FINISHED]
    unfinished = len(experiments) - len(finished)
    if not finished:
        raise UserError(f"none of {unfinished} experiments has finished; see `dvc exp show`")
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
    """Whether the metrics of a commit came of its params, or of those of a commit before it."""
    try:
        stages = _read(Path("dvc.lock"), row["rev"])["stages"].values()
    except (DvcException, OSError):
        return False
    files = [file for stage in stages for file in stage.get("params", {}).values()]
    return all(row.get(name) == value for file in files for name, value in _flatten(file))


def _read(file: Path, revision: str) -> Any:
    text = dvc.api.read(str(file), rev=revision, encoding="utf-8")
    return YAML(typ="safe", pure=True).load(text)


def _flatten(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, float | str]]:
    """Names and values as `dvc.api.exp_show` gives them: 1 as 1.0, null as 'None'."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{above}{key}.")
            continue
        try:
            yield f"{above}{key}", float(str(value))
        except ValueError:
            yield f"{above}{key}", str(value)


def _is_param(column: str, params: list[str]) -> bool:
    """A param of one run, or what another run has in its place: a table, or none."""
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
