"""Run presets as DVC experiments and keep their scores in docs/results.csv."""

import hashlib
import json
import re
import time
from collections.abc import Sequence
from typing import Any

import dvc.api
import pandas as pd

from convline.evaluation.display_names import MODELS
from convline.experiments.results_page import RESULTS, read_results
from convline.params import presets
from convline.runtime import machine, paths
from convline.runtime.dvc import run_dvc
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_file

# Places on a disk and settings of the machine; names of weights change results.
PLACE = re.compile(r"download\.|runtime\.|extract\.weights=.*/")
SCORES = ("accuracy", "roc_auc")


def run_preset(name: str, values: Sequence[str], seed: int) -> dict[str, Any]:
    """Run one experiment and return its row of docs/results.csv.

    Raises:
        UserError: a stage failed.
    """
    presets.write(presets.render(name, [*values, f"seed={seed}"]))
    varied = " ".join(value for value in values if not PLACE.match(value))
    digest = hashlib.sha256(varied.encode()).hexdigest()[:6]
    experiment = f"{name}-{digest}-seed{seed}" if varied else f"{name}-seed{seed}"
    # An older run of the same name; DVC reports an error if there is none.
    run_dvc("exp", "remove", experiment)
    start = time.monotonic()
    if run_dvc("exp", "run", "-n", experiment, capture=False).returncode:
        raise UserError(f"{experiment} did not finish; no result was kept")
    seconds = round(time.monotonic() - start)
    row = {"preset": name, "values": varied, "seed": seed}
    return {**row, **scores(experiment), "seconds": seconds, "machine": machine.describe()}


def scores(experiment: str) -> dict[str, Any]:
    """Return the numbers of images and the scores from the metrics of an experiment."""
    download, organize, evaluate = (
        json.loads(dvc.api.read(str(paths.metrics(stage)), rev=experiment))
        for stage in ("download", "organize", "evaluate")
    )
    images = pd.DataFrame(organize["organize"]["per_class"])
    return {
        "data_set": download["download"]["data_set"],
        **{split: int(images[split].sum()) for split in paths.SPLITS},
        **{f"{model}_{score}": evaluate[model][score] for model in MODELS for score in SCORES},
    }


def keep(row: dict[str, Any]) -> None:
    """Write a row into docs/results.csv; it replaces an older run of the same values and seed."""
    rows = pd.concat([read_results(), pd.DataFrame([row])], ignore_index=True)
    same = ["preset", "values", "data_set", "seed"]
    rows = rows.drop_duplicates(same, keep="last").sort_values(same)
    with fresh_file(RESULTS) as partial:
        rows.to_csv(partial, index=False, float_format="%.6f")
