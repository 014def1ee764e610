"""A temporary folder with cats and dogs, in which stages and peers run as their users run them."""

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
# What all rows share; the tests make it smaller.
VALUES = ["organize.limit=2000"]
OUTPUTS = {
    "download": paths.RAW,
    "organize": paths.ORGANIZED,
    "preprocess": paths.TFRECORDS,
    "extract": paths.FEATURES,
}


@contextmanager
def workspace() -> Iterator[Path]:
    """An empty folder that is the working folder until the block ends."""
    with TemporaryDirectory(prefix="convline-") as folder, chdir(folder):
        yield Path(folder)


def archive() -> Path:
    """The images, as Kaggle delivers the competition dogs-vs-cats.

    Raises:
        UserError: there are none.
    """
    found = _given("BENCH_IMAGES", ARCHIVE)
    if found is None:
        raise UserError(
            "the images are missing: set BENCH_IMAGES to the archive of Kaggle's competition "
            f"dogs-vs-cats, or TEST_DATA_DIR to a folder with {ARCHIVE}"
        )
    return found


def weights() -> str:
    """VGG16's weights, a path, or `none` for random ones, with which it is as fast.

    Raises:
        UserError: BENCH_WEIGHTS names no file.
    """
    return str(_given("BENCH_WEIGHTS", f"../weights/{WEIGHTS}") or "none")


def on_weights() -> list[str]:
    """What is to be said of the weights."""
    return ["VGG16 had random weights"] if weights() == "none" else []


def values(*more: str) -> list[str]:
    """What is set besides the preset dogs-vs-cats."""
    images = ["download.kind=archive", "download.name=", f"download.path={archive()}"]
    return [*images, f"extract.weights={weights()}", *VALUES, *more]


def set_params(*more: str) -> None:
    """Write params.yaml into the working folder."""
    with chdir(ROOT):
        text = presets.render("dogs-vs-cats", values(*more))
    presets.write(text)


def prepare(last: str, *more: str) -> None:
    """Set the params and run the stages up to `last`, but for those that ran here already."""
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
    """A function that runs `python -c <code>` in the working folder."""

    def call() -> int:
        command(sys.executable, "-c", code)
        return 1

    return call


def command(*words: str) -> None:
    """Run a command in the working folder.

    Raises:
        UserError: it failed; with what it wrote.
    """
    result = subprocess.run(
        words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if result.returncode:
        raise UserError(f"`{' '.join(words)}` failed:\n{result.stdout.decode(errors='replace')}")


def environment() -> dict[str, str]:
    """This interpreter and this code first, in whatever folder a command runs."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1"}


def copy_repository(folder: Path) -> None:
    """Copy this repository as it stands, without what ran in it, and make it one of its own."""
    for name in files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    with chdir(folder):
        command("git", "init", "-q")
        command("git", "add", "-A")
        who = ("-c", "user.name=benchmarks", "-c", "user.email=benchmarks@localhost")
        command("git", *who, "commit", "-qm", "start")


def files() -> list[str]:
    """The files of this repository, new ones too, without the metrics and the lock of its runs."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(listed, cwd=ROOT, text=True).split("\0")
    return [
        name
        for name in names
        if (ROOT / name).is_file() and not name.startswith(("metrics/", "dvc.lock"))
    ]


def organized(splits: Sequence[str] = paths.SPLITS) -> int:
    """How many images these splits have in data/organized."""
    return sum(file.is_file() for split in splits for file in (paths.ORGANIZED / split).glob("*/*"))


def preprocessed() -> int:
    """How many images all splits have in data/tfrecords."""
    return sum(split.examples for split in load_dataset().splits.values())


def _given(variable: str, name: str) -> Path | None:
    """The file that the variable names, else the one of this name in $TEST_DATA_DIR, if any."""
    path = os.environ.get(variable)
    if path:
        if not Path(path).is_file():
            raise UserError(f"{variable} is {path}, where there is no file")
        return Path(path).resolve()
    folder = os.environ.get("TEST_DATA_DIR")
    usual = Path(folder, name) if folder else None
    return usual.resolve() if usual and usual.is_file() else None
