"""A temporary folder with cats and dogs, in which the stages and peers run as for their users."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from convline.params import presets
from convline.records.dataset import load_dataset
from convline.runtime import paths
from convline.runtime.errors import UserError

ROOT = Path(__file__).parents[1]
ARCHIVE = "dogs-vs-cats.zip"
WEIGHTS = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
# Params of all rows; the tests use smaller ones.
VALUES = ["organize.limit=2000"]
OUTPUTS = {
    "download": paths.RAW,
    "organize": paths.ORGANIZED,
    "preprocess": paths.TFRECORDS,
    "extract": paths.FEATURES,
}
STAGES = ("download", "organize", "preprocess", "train", "extract", "train_head", "evaluate")


@contextmanager
def workspace() -> Iterator[Path]:
    """Create an empty folder and work in it until the block ends."""
    with TemporaryDirectory(prefix="convline-") as folder, chdir(folder):
        yield Path(folder)


def archive() -> Path:
    """Return the archive of Kaggle's competition dogs-vs-cats.

    Raises:
        UserError: the archive is missing.
    """
    found = _given("BENCH_IMAGES", ARCHIVE)
    if found is None:
        raise UserError(
            "the images are missing: set BENCH_IMAGES to the archive of Kaggle's competition "
            f"dogs-vs-cats, or TEST_DATA_DIR to a folder with {ARCHIVE}"
        )
    return found


def weights() -> str:
    """Return the path of VGG16's weights, or `none` for random ones, which are as fast.

    Raises:
        UserError: the file that BENCH_WEIGHTS names does not exist.
    """
    return str(_given("BENCH_WEIGHTS", f"../weights/{WEIGHTS}") or "none")


def on_weights() -> list[str]:
    """Return a note if the weights are random."""
    return ["VGG16 had random weights"] if weights() == "none" else []


def values(*more: str) -> list[str]:
    """Return the params that differ from the preset dogs-vs-cats."""
    images = ["download.kind=archive", "download.name=", f"download.path={archive()}"]
    return [*images, f"extract.weights={weights()}", *VALUES, *more]


def set_params(*more: str) -> None:
    """Write params.yaml into the working folder."""
    with chdir(ROOT):
        text = presets.render("dogs-vs-cats", values(*more))
    presets.write(text)


def prepare(last: str, *more: str) -> None:
    """Set the params and run the stages up to `last` that have not run here."""
    set_params(*more)
    for stage, output in OUTPUTS.items():
        if not output.exists():
            module(f"stages.{stage}")
        if stage == last:
            return


def module(name: str, *arguments: str) -> None:
    """Run `python -m <name>` in the working folder."""
    command(sys.executable, "-m", name, *arguments)


def python(code: str) -> Callable[[], int]:
    """Return a function that runs `python -c <code>` in the working folder."""

    def call() -> int:
        command(sys.executable, "-c", code)
        return 1

    return call


def start(stage: str) -> tuple[Callable[[], int], Callable[[], int]]:
    """Return functions that only import what a stage and the tutorial import."""
    return python(f"import stages.{stage}"), python(
        "import benchmarks.tutorial as x; x.keras.Model"
    )


def command(*words: str) -> None:
    """Run a command in the working folder.

    Raises:
        UserError: it failed; the message has its output.
    """
    result = subprocess.run(
        words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if result.returncode:
        raise UserError(f"`{' '.join(words)}` failed:\n{result.stdout.decode(errors='replace')}")


def environment() -> dict[str, str]:
    """Return variables that put this interpreter and this code first in every folder."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1"}


def copy_repository(folder: Path) -> None:
    """Copy this repository without its outputs and commit the copy as a new repository."""
    for name in files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    with chdir(folder):
        command("git", "init", "-q")
        # `dvc exp run` needs them, too.
        command("git", "config", "user.name", "benchmarks")
        command("git", "config", "user.email", "benchmarks@localhost")
        command("git", "add", "-A")
        command("git", "commit", "-qm", "start")


def files() -> list[str]:
    """List the files of this repository, also untracked ones, without metrics and dvc.lock."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(listed, cwd=ROOT, text=True).split("\0")
    return [
        name
        for name in names
        if (ROOT / name).is_file() and not name.startswith(("metrics/", "dvc.lock"))
    ]


def organized(splits: Sequence[str] = paths.SPLITS) -> int:
    """Count the images of these splits in data/organized."""
    return sum(file.is_file() for split in splits for file in (paths.ORGANIZED / split).glob("*/*"))


def preprocessed() -> int:
    """Count the images of all splits in data/tfrecords."""
    return sum(split.examples for split in load_dataset().splits.values())


def _given(variable: str, name: str) -> Path | None:
    """Return the file in the variable, or the one of this name in $TEST_DATA_DIR, or None."""
    path = os.environ.get(variable)
    if path:
        if not Path(path).is_file():
            raise UserError(f"{variable} is {path}, which does not exist")
        return Path(path).resolve()
    folder = os.environ.get("TEST_DATA_DIR")
    usual = Path(folder, name) if folder else None
    return usual.resolve() if usual and usual.is_file() else None
