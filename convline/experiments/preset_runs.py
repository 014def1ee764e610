"""Run presets as DVC experiments, and keep their scores and a picture in docs/."""

import hashlib
import os
import re
import time
from collections.abc import Sequence

from convline.experiments.preset_picture import draw
from convline.experiments.results_table import keep
from convline.experiments.run_records import RunRecords
from convline.experiments.tutorial_pages import TUTORIALS
from convline.params import presets
from convline.runtime import machine, paths
from convline.runtime.dvc import run_dvc
from convline.runtime.errors import UserError

# Places on a disk and settings of the machine; names of weights change results.
PLACE = re.compile(r"download\.|runtime\.|extract\.weights=.*/")


def run_preset(name: str, values: Sequence[str], seed: int) -> None:
    """Run one experiment, keep its row in docs/results.csv, and draw the preset's picture.

    The picture is that of the last run with no other values.

    Raises:
        UserError: a stage failed.
    """
    presets.write(presets.render(name, [*values, f"seed={seed}"]))
    varied = " ".join(_without_folder(value) for value in values if not PLACE.match(value))
    digest = hashlib.sha256(varied.encode()).hexdigest()[:6]
    experiment = f"{name}-{digest}-seed{seed}" if varied else f"{name}-seed{seed}"
    # An older run of the same name; DVC reports an error if there is none.
    run_dvc("exp", "remove", experiment)
    start = time.monotonic()
    if run_dvc("exp", "run", "-n", experiment, capture=False).returncode:
        raise UserError(f"{experiment} did not finish; no result was kept")
    seconds = round(time.monotonic() - start)
    run = RunRecords(experiment)
    row = {"preset": name, "values": varied, "seed": seed}
    keep({**row, **run.row(), "seconds": seconds, "machine": machine.describe()})
    if not varied:
        draw(run, TUTORIALS / f"{name}.png")


def _without_folder(value: str) -> str:
    """Return `param=value` with the name of a file instead of its path."""
    param, _, content = value.partition("=")
    file = paths.expand_home(content)
    # `Path.is_file` raises an error for a value too long for a name.
    return f"{param}={file.name}" if os.path.isfile(file) else value  # noqa: PTH113
