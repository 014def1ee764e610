"""Fill the tables of docs/tutorials/ from docs/results.csv and docs/sweeps/.

A page has a pair of comments for each table or picture. What is between them is replaced:

    <!-- results: cifar10-intro cifar10-dropout -->
    <!-- picture: cifar10-dropout -->
    <!-- sweep: cifar10-dropout-rate -->
    <!-- end -->
"""

import re
from pathlib import Path

import pandas as pd

from convline.evaluation.display_names import MODELS
from convline.experiments.results_table import GROUP, counts, markdown, minutes, spread, title
from convline.runtime import paths
from convline.runtime.errors import UserError

TUTORIALS = Path("docs/tutorials")
SWEEPS = Path("docs/sweeps")
BLOCK = re.compile(r"(<!-- (results|picture|sweep): (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
ACCURACIES = {
    "train_accuracy": "accuracy: train",
    "validation_accuracy": "validation",
    "accuracy": "test",
}
# Of the test split; the last two are empty for more than two classes.
OTHERS = {"roc_auc": "ROC AUC", "sensitivity": "sensitivity", "specificity": "specificity"}


def fill_in(text: str, rows: pd.DataFrame) -> str:
    """Return the text of a page with new tables and pictures.

    Args:
        text: Markdown.
        rows: of docs/results.csv.

    Raises:
        UserError: a sweep has no table in docs/sweeps/.
    """

    def content(block: re.Match[str]) -> str:
        start, kind, names, end = block.groups()
        if kind == "sweep":
            inside = _sweep(names)
        elif kind == "picture":
            inside = _picture(names)
        else:
            inside = _results(rows[rows["preset"].isin(names.split())])
        return f"{start}\n{inside}\n{end}"

    return BLOCK.sub(content, text)


def _results(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "Not run.\n"
    groups = [group for _, group in rows.groupby(GROUP)]
    others = {
        name: heading
        for name, heading in OTHERS.items()
        if any(rows[f"{model}_{name}"].notna().any() for model in MODELS)
    }
    headings = ["run", "model", "best epoch", *ACCURACIES.values(), *others.values()]
    lines = [
        [
            title(group) if model == "scratch" else "",
            name,
            spread(group[f"{model}_best_epoch"], 0),
            *(spread(group[f"{model}_{score}"]) for score in (*ACCURACIES, *others)),
        ]
        for group in groups
        for model, name in MODELS.items()
    ]
    notes = "".join(f"- {_describe(group)}\n" for group in groups)
    return f"{markdown(headings, lines)}\n{notes}"


def _describe(runs: pd.DataFrame) -> str:
    first = runs.iloc[0]
    images = " / ".join(counts(runs, split) for split in paths.SPLITS)
    seeds = ", ".join(str(seed) for seed in sorted(runs["seed"]))
    many = "seeds" if len(runs) > 1 else "seed"
    return (
        f"{title(runs)}: {first['data_set']}, {images} images for train / validation / test, "
        f"{many} {seeds}, up to {minutes(runs)} minutes on {first['machine']}"
    )


def _picture(preset: str) -> str:
    if not (TUTORIALS / f"{preset}.png").exists():
        return ""
    return f"![Learning curves and confusion matrix of {preset}]({preset}.png)\n"


def _sweep(name: str) -> str:
    file = SWEEPS / name / "experiments.csv"
    if not file.exists():
        raise UserError(f"a page of {TUTORIALS} shows the sweep '{name}', but there is no {file}")
    table = pd.read_csv(file, keep_default_na=False, dtype=str)
    metric = table.pop("metric").iloc[0]
    for column in ("mean", "sd"):
        table[column] = [f"{float(x):.4f}" if x else "" for x in table[column]]
    headings = [*table.columns[:-2], metric, "standard deviation"]
    picture = f"![{name}](../sweeps/{name}/experiments.png)"
    return f"{markdown(headings, table.to_numpy().tolist())}\n{picture}\n"
