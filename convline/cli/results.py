r"""Run presets for real and keep what they gave: docs/results.csv, and docs/results.md from it.

    convline results cifar10-dropout --seeds 1 2 3
    convline results dogs-vs-cats download.kind=archive download.name= \
        download.path=~/dogs-vs-cats.zip           with values of your own
    convline results                        write the page again

Each run is a DVC experiment, `<preset>-seed<n>`, that `dvc exp show` lists; the figures are read
from there. params.yaml and the outputs are those of the last run afterwards.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dvc.api
import pandas as pd

from convline.cli import options
from convline.experiments.results_page import RESULTS, read_results, write_page
from convline.params import presets
from convline.runtime import paths
from convline.runtime.dvc import run_dvc
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_file
from convline.runtime.runner import run

# Where the images and the weights lie on a disk says nothing about the experiment; a name does.
PLACE = re.compile(r"download\.|runtime\.|extract\.weights=.*/")
SCORES = ("accuracy", "roc_auc")


def main() -> None:
    arguments = parse_arguments()
    if arguments.preset:
        for seed in arguments.seeds:
            keep(run_preset(arguments.preset, arguments.values, seed))
    write_page()


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = options.parser("results", __doc__)
    parser.add_argument("preset", nargs="?", help="what to run; without it, only write the page")
    parser.add_argument("values", nargs="*", metavar="PARAM=VALUE", help="what to set besides")
    parser.add_argument("--seeds", nargs="+", type=int, default=[42], help="one run for each")
    return parser.parse_intermixed_args()


def run_preset(name: str, values: Sequence[str], seed: int) -> dict[str, Any]:
    """Run one experiment to its end; return its row of docs/results.csv.

    Raises:
        UserError: a stage failed.
    """
    presets.write(presets.render(name, [*values, f"seed={seed}"]))
    varied = " ".join(value for value in values if not PLACE.match(value))
    digest = hashlib.sha256(varied.encode()).hexdigest()[:6]
    experiment = f"{name}-{digest}-seed{seed}" if varied else f"{name}-seed{seed}"
    # Of the same name, an older run; without one, DVC says so.
    run_dvc("exp", "remove", experiment)
    start = time.monotonic()
    if run_dvc("exp", "run", "-n", experiment, capture=False).returncode:
        raise UserError(f"{experiment} did not finish; nothing was kept of it")
    seconds = round(time.monotonic() - start)
    row = {"preset": name, "values": varied, "seed": seed}
    return {**row, **figures(experiment), "seconds": seconds, "machine": machine()}


def figures(experiment: str) -> dict[str, Any]:
    """What an experiment's tracked metrics say of its images and its models."""
    download, organize, evaluate = (
        json.loads(dvc.api.read(str(paths.metrics(stage)), rev=experiment))
        for stage in ("download", "organize", "evaluate")
    )
    images = pd.DataFrame(organize["organize"]["per_class"])
    return {
        "data_set": download["download"]["data_set"],
        **{split: int(images[split].sum()) for split in paths.SPLITS},
        **{
            f"{model}_{score}": evaluate[model][score]
            for model in ("scratch", "transfer")
            for score in SCORES
        },
    }


def keep(row: dict[str, Any]) -> None:
    """Put a row into docs/results.csv, in the place of an older run of the same."""
    rows = pd.concat([read_results(), pd.DataFrame([row])], ignore_index=True)
    same = ["preset", "values", "data_set", "seed"]
    rows = rows.drop_duplicates(same, keep="last").sort_values(same)
    with fresh_file(RESULTS) as partial:
        rows.to_csv(partial, index=False, float_format="%.6f")


def machine() -> str:
    """The machine in words, such as `2 cores of an Intel Xeon, 24 GB, no GPU`."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    cpu = names[0] if names else platform.processor() or platform.machine()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return f"{os.cpu_count()} cores of {cpu}, {memory:.0f} GB, {_gpu()}"


def _gpu() -> str:
    query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        names = subprocess.check_output(query, text=True, stderr=subprocess.DEVNULL).split("\n")
    except (OSError, subprocess.CalledProcessError):
        return "no GPU"
    return ", ".join(filter(None, names))


if __name__ == "__main__":
    run(main)
