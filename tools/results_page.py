"""docs/results.md and the line `# Ours` of each preset, both from docs/results.csv."""

import re
from pathlib import Path

import pandas as pd

from stages.common.files import fresh_file
from tools.preset import PRESETS

RESULTS = Path("docs/results.csv")
PAGE = Path("docs/results.md")
COLUMNS = [
    "preset", "values", "seed", "data_set", "train", "validation", "test",
    "scratch_accuracy", "scratch_roc_auc", "transfer_accuracy", "transfer_roc_auc",
    "seconds", "machine",
]  # fmt: skip
GROUP = ["preset", "values", "data_set", "train", "validation", "test", "machine"]
HEADINGS = [
    "preset",
    "images: train, validation, test",
    "seeds",
    "accuracy from scratch",
    "transfer",
    "ROC AUC from scratch",
    "transfer",
    "minutes",
]
INTRODUCTION = """\
# Results

What the presets gave, on the test split, in runs that `python -m tools.results` made, each with its
own seed; the mean, ± the standard deviation over the seeds. This page is written from
[results.csv](results.csv) by that command and never by hand. `Reported` is what the tutorial says.
The time is that of the longest run, from the archive on the disk to the evaluation of both models;
DVC does not run a stage again whose inputs did not change.
"""


def write_page() -> None:
    """Write docs/results.md and the presets' own lines from docs/results.csv."""
    rows = read_results()
    _write(PAGE, page(rows))
    for file in sorted(PRESETS.glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        runs = rows[rows["preset"] == file.stem]
        if not runs.empty:
            _write(file, re.sub("^# Ours .*$", ours(runs), text, flags=re.MULTILINE))


def read_results() -> pd.DataFrame:
    """One row per run, as docs/results.csv has them; none when there is no such file."""
    if not RESULTS.exists():
        return pd.DataFrame(columns=COLUMNS)
    return pd.read_csv(RESULTS, keep_default_na=False)


def page(rows: pd.DataFrame) -> str:
    """The Markdown of docs/results.md."""
    lines = [f"| {' | '.join(HEADINGS)} |", "|---" * len(HEADINGS) + "|"]
    for key, runs in rows.groupby(GROUP, sort=True):
        name, values, data_set, *counts, _ = key
        scores = [
            spread(runs[f"{model}_{score}"])
            for score in ("accuracy", "roc_auc")
            for model in ("scratch", "transfer")
        ]
        title = f"`{name}`" + (f", `{values}`" if values else "")
        images = f"{data_set}: {', '.join(f'{count:,}' for count in counts)}"
        seeds = " ".join(str(seed) for seed in sorted(runs["seed"]))
        minutes = f"{runs['seconds'].max() / 60:.0f}"
        lines.append(f"| {' | '.join([title, images, seeds, *scores, minutes])} |")
    reported = []
    for file in sorted(PRESETS.glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        if found := re.search(r"^# Reported +(.*)$", text, re.MULTILINE):
            reported.append(f"| `{file.stem}` | {found[1]} |")
    machines = [f"- {machine}" for machine in sorted(set(rows["machine"]))]
    sections = [
        INTRODUCTION,
        "\n".join(lines),
        "\n## Reported\n",
        "\n".join(["| preset | the tutorial |", "|---|---|", *reported]),
        "\n## Machine\n",
        "\n".join(machines),
    ]
    return "\n".join(sections) + "\n"


def ours(rows: pd.DataFrame) -> str:
    """The line of a preset's header, of its runs with the fewest values of their own."""
    values = min(rows["values"], key=len)
    runs = rows[rows["values"] == values]
    scores = [spread(runs[f"{model}_accuracy"]) for model in ("scratch", "transfer")]
    images = f"{runs['train'].iloc[0]:,} training images"
    return f"# Ours      test accuracy {scores[0]} from scratch, {scores[1]} transfer ({images})"


def spread(values: pd.Series) -> str:
    """`0.673 ± 0.010`, the mean and the sample standard deviation, or the one value."""
    mean = f"{values.mean():.3f}"
    return mean if len(values) == 1 else f"{mean} ± {values.std():.3f}"


def _write(path: Path, text: str) -> None:
    with fresh_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
