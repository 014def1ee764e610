"""Measure the rows of the tables in docs/performance.md, or those named.

    python -m benchmarks                       the short rows, 20 minutes on two cores
    python -m benchmarks preprocess head       these rows
    python -m benchmarks --page                only write the tables

The images are 2,000 of Kaggle's competition dogs-vs-cats. Environment variables:

    BENCH_IMAGES     archive of the competition (default: in TEST_DATA_DIR)
    BENCH_WEIGHTS    VGG16's weights (default: beside TEST_DATA_DIR, or random, which is as fast)
    TORCH_PYTHON     Python interpreter with torch and torchvision
"""

import argparse
import time
from contextlib import chdir
from pathlib import Path
from typing import Any

from benchmarks import (
    experiment,
    features,
    full_size,
    head,
    orchestration,
    page,
    pipeline,
    preprocess,
    scratch,
    step,
    training_input,
    workspace,
)
from benchmarks.harness import NotMeasured, Row
from convline.params.loading import did_you_mean
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras
from convline.runtime.machine import describe
from convline.runtime.runner import run
from convline.runtime.tensorflow_setup import set_up, tf

PARTS = (
    training_input,
    step,
    preprocess,
    features,
    scratch,
    head,
    pipeline,
    orchestration,
    experiment,
    full_size,
)
ROWS = {row.name: row for part in PARTS for row in part.ROWS}
SHORT = [row.name for row in ROWS.values() if not row.long]


def main() -> None:
    arguments = parse_arguments()
    if arguments.page:
        page.write_page(list(ROWS))
        return
    home, start = Path.cwd(), time.monotonic()
    with workspace.workspace():
        for row in find_rows(arguments.rows or SHORT):
            print(f"{row.name}: {row.what} against {row.against}", flush=True)
            outcome = measure(row)
            with chdir(home):
                page.keep(row, outcome)
                page.write_page(list(ROWS))
            print(page.summary(outcome), f"after {time.monotonic() - start:.0f} s", flush=True)


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rows", nargs="*", metavar="row", help=", ".join(ROWS))
    parser.add_argument("--page", action="store_true", help="write the tables without measuring")
    return parser.parse_args()


def find_rows(names: list[str]) -> list[Row]:
    """Return the rows of these names.

    Raises:
        UserError: a name is not a row.
    """
    for name in names:
        if name not in ROWS:
            raise UserError(f"unknown row '{name}'{did_you_mean(name, ROWS)}")
    return [ROWS[name] for name in names]


def measure(row: Row) -> dict[str, Any]:
    """Measure a row and return its entry in docs/performance.json."""
    try:
        return {**page.numbers(row.measure(), row.unit), "machine": machine()}
    except NotMeasured as reason:
        return {"note": f"not measured: {reason}", "machine": machine()}


def machine() -> str:
    """Describe the machine and the libraries."""
    compute_dtype = set_up(0, "auto", device="auto", gpus=1)
    bfloat16 = "with" if compute_dtype == "bfloat16" else "without"
    versions = f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
    return f"{describe()}, {bfloat16} native bfloat16, {versions}"


if __name__ == "__main__":
    run(main)
