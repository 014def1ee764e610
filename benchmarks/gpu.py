"""Measure the networks on a GPU without TensorFlow: Keras on JAX or PyTorch.

    python -m pip install keras pydantic ruamel.yaml    in addition to JAX or PyTorch
    python -m benchmarks.gpu --output docs/gpu.json     from the repository's root
    python -m benchmarks.gpu --backend torch
    python -m benchmarks.gpu --small                    a trial with tiny images, also on a CPU

The networks are those of the preset dogs-vs-cats in mixed_bfloat16, built by the functions that
the stages use. Random images, uint8, are in the memory of the device, so that no input is measured.
A training step is the forward pass, the backward pass and the preset's optimizer. The peak is the
rate of a large bfloat16 matrix product on the same device in the same run.
"""

import argparse
import math
import os
import statistics
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from convline.runtime.errors import UserError
from convline.runtime.files import write_json
from convline.runtime.runner import run

LARGE = {"side": 150, "train": 1024, "vgg16": 512, "head": 8192, "matrix": 8192, "rounds": 7}
SMALL = {"side": 32, "train": 8, "vgg16": 2, "head": 32, "matrix": 256, "rounds": 3}
# Of one round; in the 14 s of seven rounds a card reaches its working temperature and clock.
SECONDS = {False: 2.0, True: 0.1}

Step = Callable[[], Any]  # Sends the work of one batch to the device and returns its result.


def main() -> None:
    arguments = parse_arguments()
    device = load(arguments.backend)
    if not (device.HAS_GPU or arguments.cpu or arguments.small):
        raise UserError(f"{arguments.backend} finds no GPU; pass --cpu to measure on the CPU")
    # Imports Keras, whose backend is now set.
    work = import_module("benchmarks.gpu_work")
    print(f"{device.NAME}: {device.VERSION}, Keras {work.keras.__version__}")

    rounds = measure(device, work.matrix_product(arguments.matrix), arguments)
    peak = max(rounds) * 2 * arguments.matrix**3
    print(f"peak: {peak / 1e12:.4g} TFLOP/s in products of {arguments.matrix} rows and columns")
    rows = {}
    for name, step, batch, flop in work.workloads(device, arguments):
        rounds = measure(device, step, arguments)
        rows[name] = summarize(rounds, batch, flop, peak)
        print(describe(name, rows[name]))
    if arguments.output:
        facts = {"device": device.NAME, "backend": device.VERSION, "keras": work.keras.__version__}
        facts |= {"side": arguments.side, "matrix": arguments.matrix, "peak_tflops": peak / 1e12}
        write_json(arguments.output, {**facts, "rows": rows})


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    installed = [name for name in ("jax", "torch") if find_spec(name)]
    parser.add_argument("--backend", choices=["jax", "torch"], default=[*installed, "jax"][0])
    parser.add_argument("--small", action="store_true", help="tiny images, batches and rounds")
    parser.add_argument("--cpu", action="store_true", help="run on the CPU if there is no GPU")
    parser.add_argument(
        "--side", type=int, metavar="PIXELS", help="side of the images (default: 150)"
    )
    for name in ("train", "vgg16", "head"):
        parser.add_argument(f"--{name}", type=int, metavar="BATCH", help="batch size")
    matrix = "rows of the square matrices for the peak (default: 8192)"
    parser.add_argument("--matrix", type=int, metavar="ROWS", help=matrix)
    parser.add_argument("--rounds", type=int, help="timed rounds (default: 7)")
    folder = os.environ.get("OUT")
    default = Path(folder, "gpu.json") if folder else None
    output = "JSON file (default: $OUT/gpu.json)"
    parser.add_argument("--output", type=Path, default=default, help=output)
    parser.set_defaults(**(SMALL if parser.parse_known_args()[0].small else LARGE))
    return parser.parse_args()


def load(backend: str) -> ModuleType:
    """Import Keras on this backend and return the backend's module.

    Raises:
        UserError: a package is not installed.
    """
    os.environ["KERAS_BACKEND"] = backend
    try:
        import_module("keras")
        return import_module(f"benchmarks.gpu_{backend}")
    except ModuleNotFoundError as error:
        raise UserError(f"{error.name} is not installed; see python -m benchmarks.gpu -h") from None


def measure(device: ModuleType, step: Step, arguments: argparse.Namespace) -> list[float]:
    """Return the steps per second of each round, after a warm-up that compiles the step."""
    for _ in range(3):
        device.wait(step())
    steps = math.ceil(SECONDS[arguments.small] / timed(device, step, 1))
    return [steps / timed(device, step, steps) for _ in range(arguments.rounds)]


def timed(device: ModuleType, step: Step, steps: int) -> float:
    """Return the seconds for this many steps, which the device receives without waiting."""
    start = time.perf_counter()
    for _ in range(steps):
        result = step()
    device.wait(result)
    return time.perf_counter() - start


def summarize(rounds: list[float], batch: int, flop: int, peak: float) -> dict[str, float]:
    """Return the result of one row.

    Args:
        rounds: steps per second of each round.
        batch: images per step.
        flop: floating-point operations per image.
        peak: rate of the device in FLOP/s.
    """
    images = statistics.median(rounds) * batch
    return {
        "batch": batch,
        "flop_per_image": flop,
        "images_per_s": images,
        "min": min(rounds) * batch,
        "max": max(rounds) * batch,
        "share_of_peak": images * flop / peak,
    }


def describe(name: str, row: dict[str, float]) -> str:
    """Return one line of the table on the terminal."""
    spread = f"({row['min']:,.0f} to {row['max']:,.0f})"
    rate = f"{row['images_per_s']:11,.0f} images/s {spread:24}"
    return f"{name:17}{rate}{row['share_of_peak']:7.1%} of the peak, batches of {row['batch']}"


if __name__ == "__main__":
    run(main)
