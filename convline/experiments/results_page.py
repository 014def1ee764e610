"""Write docs/results.md and the line `# Ours` of each preset from docs/results.csv."""

import re
from pathlib import Path

import pandas as pd

from convline.params.presets import PRESETS
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_file
from convline.runtime.paths import SPLITS

RESULTS = Path("docs/results.csv")
PAGE = Path("docs/results.md")
OURS = r"^# Ours .*(\n# {11}.*)*$"
SWEEPS = Path("docs/sweeps")
COLUMNS = [
    "preset", "values", "seed", "data_set", "train", "validation", "test",
    "scratch_accuracy", "scratch_roc_auc", "transfer_accuracy", "transfer_roc_auc",
    "seconds", "machine",
]  # fmt: skip
GROUP = ["machine", "preset", "values", "data_set"]
HEADINGS = [
    "preset",
    "reported",
    "images: train, validation, test",
    "seeds",
    "scratch accuracy",
    "transfer accuracy",
    "scratch ROC AUC",
    "transfer ROC AUC",
    "minutes",
]
INTRODUCTION = """\
# Results

Scores of the presets on the test split, next to the scores that their sources report. Each value
is the mean ± the standard deviation over the seeds. `convline results` runs the presets and writes
this page from [results.csv](results.csv) and [sweeps/](sweeps); do not edit it by hand.

The time is that of the longest run, from the archive on disk to the evaluation of both models. It
is an upper bound: other programs may have run at the same time. DVC skips stages whose inputs did
not change.
"""


def write_page() -> None:
    """Write docs/results.md and the presets' own lines from docs/results.csv."""
    rows = read_results()
    _write(PAGE, page(rows))
    for file in sorted(PRESETS.glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        runs = rows[rows["preset"] == file.stem]
        if not runs.empty:
            _write(file, re.sub(OURS, ours(runs), text, count=1, flags=re.MULTILINE))


def read_results() -> pd.DataFrame:
    """Read docs/results.csv, one row per run; without the file there are no rows.

    Raises:
        UserError: the file is not a table of results, for example after a failed merge.
    """
    if not RESULTS.exists():
        return pd.DataFrame(columns=COLUMNS)
    try:
        rows = pd.read_csv(RESULTS, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError):
        rows = pd.DataFrame()
    if not {*COLUMNS} <= {*rows} or pd.to_numeric(rows["seed"], errors="coerce").hasnans:
        raise UserError(
            f"{RESULTS} is not a table of results; `git checkout {RESULTS}` restores it"
        )
    return rows


def page(rows: pd.DataFrame) -> str:
    """Return the Markdown of docs/results.md: the presets by machine, then the sweeps."""
    sections = [INTRODUCTION]
    names = {file.stem for file in PRESETS.glob("*.yaml")}
    for machine, runs in rows.groupby("machine"):
        lines = [_line(group) for _, group in runs.groupby(GROUP)]
        sections.append(f"## On {machine}\n\n{_table(HEADINGS, lines)}")
    if missing := sorted(names - {*rows["preset"]}):
        sections.append(f"Not run: {', '.join(f'`{name}`' for name in missing)}.\n")
    if sweeps := [_sweep(file) for file in sorted(SWEEPS.glob("*/experiments.csv"))]:
        sections.append("## Sweeps\n\n[experiments.md](experiments.md) lists the commands.\n")
        sections.extend(sweeps)
    return "\n".join(sections)


def ours(rows: pd.DataFrame) -> str:
    """Return the header line of a preset: the run without changed values and with most images."""
    best = min(rows.groupby(GROUP), key=lambda x: (len(x[1]["values"].iloc[0]), -x[1].train.max()))
    runs = best[1]
    scores = [spread(runs[f"{model}_accuracy"]) for model in ("scratch", "transfer")]
    first = runs.iloc[0]
    accuracies = f"{scores[0]} scratch, {scores[1]} transfer"
    images = f"{_count(runs['train'])} training images of {first['data_set']}"
    values = "; with changed values, see docs/results.md" if first["values"] else ""
    return f"# Ours      test accuracy {accuracies}, from\n#           {images}{values}"


def _line(runs: pd.DataFrame) -> list[str]:
    first = runs.iloc[0]
    scores = [
        spread(runs[f"{model}_{score}"])
        for score in ("accuracy", "roc_auc")
        for model in ("scratch", "transfer")
    ]
    title = f"`{first['preset']}`" + (f", `{first['values']}`" if first["values"] else "")
    images = ", ".join(_count(runs[split]) for split in SPLITS)
    seeds = " ".join(str(seed) for seed in sorted(runs["seed"]))
    minutes = f"{runs['seconds'].max() / 60:.0f}"
    images = f"{first['data_set']}: {images}"
    return [title, _reported(first["preset"]), images, seeds, *scores, minutes]


def _reported(preset: str) -> str:
    """Return the score that a preset's source reports, from the preset's header."""
    text = (PRESETS / f"{preset}.yaml").read_text(encoding="utf-8")
    found = re.search(r"^# Reported +(.*)$", text, re.MULTILINE)
    return "" if found is None or found[1].startswith("nothing") else found[1]


def _sweep(file: Path) -> str:
    name = file.parent.name
    sweep = pd.read_csv(file, keep_default_na=False, dtype=str)
    metric = sweep.pop("metric").iloc[0]
    for column in ("mean", "sd"):
        sweep[column] = [f"{float(x):.4f}" if x else "" for x in sweep[column]]
    headings = [*sweep.columns[:-2], metric, "standard deviation"]
    picture = f"![{name}](sweeps/{name}/experiments.png)"
    return f"### {name}\n\n{_table(headings, sweep.to_numpy().tolist())}\n{picture}\n"


def _table(headings: list[str], lines: list[list[str]]) -> str:
    rows = [headings, ["---"] * len(headings), *lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _count(images: pd.Series) -> str:
    """Return the number of images, or its range: with a limit, it varies with the seed."""
    least, most = images.min(), images.max()
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def spread(values: pd.Series) -> str:
    """Return the mean and sample standard deviation, as `0.673 ± 0.010`; one value alone as is."""
    mean = f"{values.mean():.3f}"
    return mean if len(values) == 1 else f"{mean} ± {values.std():.3f}"


def _write(path: Path, text: str) -> None:
    with fresh_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
