"""Write docs/results.md, docs/tutorials/ and the presets' own scores from docs/results.csv."""

import re
from pathlib import Path

import pandas as pd

from convline.evaluation.display_names import MODELS
from convline.experiments.results_table import (
    GROUP,
    counts,
    markdown,
    minutes,
    read_results,
    spread,
    title,
)
from convline.experiments.tutorial_pages import TUTORIALS, fill_in
from convline.params.presets import PRESETS
from convline.runtime import paths
from convline.runtime.files import fresh_file

PAGE = Path("docs/results.md")
OURS = r"^# Ours .*(\n# {11}.*)*$"
HEADINGS = [
    *("preset", "reported", "images: train, validation, test", "seeds"),
    *("scratch: validation", "test", "transfer: validation", "test", "minutes"),
]
INTRODUCTION = """\
# Results

Accuracy of the presets next to what their sources report: the mean ± the standard deviation over
the seeds. `convline results` runs the presets and writes this page and the tables in
[tutorials/](tutorials) from [results.csv](results.csv); do not edit them by hand.

The minutes are those of the longest run, from the archive on disk to the evaluation of both models.
They are an upper bound: another program may have run at the same time. DVC skips stages whose
inputs did not change.
"""


def write_pages() -> None:
    """Write docs/results.md, the tables in docs/tutorials/ and the presets' own lines."""
    rows = read_results()
    _write(PAGE, page(rows))
    for file in sorted(TUTORIALS.glob("*.md")):
        _write(file, fill_in(file.read_text(encoding="utf-8"), rows))
    for file in sorted(PRESETS.glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        runs = rows[rows["preset"] == file.stem]
        if not runs.empty:
            _write(file, re.sub(OURS, ours(runs), text, count=1, flags=re.MULTILINE))


def page(rows: pd.DataFrame) -> str:
    """Return the Markdown of docs/results.md: the presets by machine."""
    sections = [INTRODUCTION]
    names = {file.stem for file in PRESETS.glob("*.yaml")}
    for machine, runs in rows.groupby("machine"):
        lines = [_line(group) for _, group in runs.groupby(GROUP)]
        sections.append(f"## On {machine}\n\n{markdown(HEADINGS, lines)}")
    if missing := sorted(names - {*rows["preset"]}):
        sections.append(f"Not run: {', '.join(f'`{name}`' for name in missing)}.\n")
    return "\n".join(sections)


def ours(rows: pd.DataFrame) -> str:
    """Return the header line of a preset: the run without changed values and with most images."""
    best = min(rows.groupby(GROUP), key=lambda x: (len(x[1]["values"].iloc[0]), -x[1].train.max()))
    runs = best[1]
    scratch, transfer = (spread(runs[f"{model}_accuracy"]) for model in MODELS)
    first = runs.iloc[0]
    images = f"{counts(runs, 'train')} training images of {first['data_set']}"
    values = "; with changed values, see docs/results.md" if first["values"] else ""
    return (
        f"# Ours      test accuracy {scratch} scratch, {transfer} transfer, from\n"
        f"#           {images}{values}"
    )


def reported(preset: str) -> str:
    """Return the score that a preset's source reports, from the preset's header."""
    text = (PRESETS / f"{preset}.yaml").read_text(encoding="utf-8")
    found = re.search(r"^# Reported +(.*)$", text, re.MULTILINE)
    return "" if found is None or found[1].startswith("nothing") else found[1]


def _line(runs: pd.DataFrame) -> list[str]:
    first = runs.iloc[0]
    scores = [
        spread(runs[f"{model}_{score}"])
        for model in MODELS
        for score in ("validation_accuracy", "accuracy")
    ]
    images = ", ".join(counts(runs, split) for split in paths.SPLITS)
    images = f"{first['data_set']}: {images}"
    seeds = " ".join(str(seed) for seed in sorted(runs["seed"]))
    return [title(runs), reported(first["preset"]), images, seeds, *scores, str(minutes(runs))]


def _write(path: Path, text: str) -> None:
    with fresh_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
