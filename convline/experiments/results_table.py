"""Read and write docs/results.csv, one row per run, and summarize its rows."""

import math
from pathlib import Path
from typing import Any

import pandas as pd

from convline.evaluation.display_names import MODELS
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_file

RESULTS = Path("docs/results.csv")
# Of each model: accuracies of the three splits, then scores of the test split, those of two classes
# last, and the epoch whose weights were kept.
SCORES = (
    *("train_accuracy", "validation_accuracy", "accuracy", "roc_auc"),
    *("sensitivity", "specificity", "best_epoch"),
)
OF_MODELS = [f"{model}_{score}" for model in MODELS for score in SCORES]
COLUMNS = ["preset", "values", "seed", "data_set", *paths.SPLITS, *OF_MODELS, "seconds", "machine"]
RUN = ["preset", "values", "data_set", "seed"]  # Of two rows with the same, the newer one counts.
GROUP = ["machine", "preset", "values", "data_set"]  # Rows with the same differ in their seed.


def read_results() -> pd.DataFrame:
    """Read docs/results.csv; without the file there are no rows.

    Raises:
        UserError: the file is not a table of results, for example after a failed merge.
    """
    if not RESULTS.exists():
        return pd.DataFrame(columns=COLUMNS)
    try:
        empty = dict.fromkeys(OF_MODELS, "")
        rows = pd.read_csv(RESULTS, keep_default_na=False, na_values=empty)
    except (pd.errors.ParserError, pd.errors.EmptyDataError):
        rows = pd.DataFrame()
    if not {*COLUMNS} <= {*rows} or pd.to_numeric(rows["seed"], errors="coerce").hasnans:
        raise UserError(
            f"{RESULTS} is not a table of results; `git checkout {RESULTS}` restores it"
        )
    return rows


def keep(row: dict[str, Any]) -> None:
    """Write a row into docs/results.csv; it replaces an older run of the same values and seed."""
    rows = pd.concat([read_results(), pd.DataFrame([row], columns=COLUMNS)], ignore_index=True)
    rows = rows.drop_duplicates(RUN, keep="last").sort_values(RUN)
    RESULTS.parent.mkdir(exist_ok=True)
    with fresh_file(RESULTS) as partial:
        rows.to_csv(partial, index=False, float_format="%.6f")


def title(runs: pd.DataFrame) -> str:
    """Return the preset of these runs, and the params with other values."""
    first = runs.iloc[0]
    return f"`{first['preset']}`" + (f", `{first['values']}`" if first["values"] else "")


def spread(values: "pd.Series[float]", digits: int = 3) -> str:
    """Return mean and sample standard deviation: `0.673 ± 0.010`; one value alone; "" without."""
    known = values.dropna()
    if known.empty:
        return ""
    mean = f"{known.mean():.{digits}f}"
    return mean if len(known) == 1 else f"{mean} ± {known.std():.{digits}f}"


def counts(runs: pd.DataFrame, split: str) -> str:
    """Return the number of images, or its range: with a limit, it varies with the seed."""
    least, most = runs[split].min(), runs[split].max()
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def minutes(runs: pd.DataFrame) -> int:
    """Return the time of the longest run, rounded up."""
    return math.ceil(runs["seconds"].max() / 60)


def markdown(headings: list[str], lines: list[list[str]]) -> str:
    """Return a Markdown table."""
    rows = [headings, ["---"] * len(headings), *lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
