"""Say what images show: class and probabilities.

    convline predict photo.jpg
    convline predict photos/ --csv predictions.csv        all images below a folder
    convline predict 'photos/**/*.jpg' --json             a pattern, as JSON
    convline predict photos/ --csv - | head               a table on the standard output

The model is the one that `evaluate` chose, models/classifier.keras. A file that cannot be decoded
is named, and the others go on; the exit status is then 1. Nothing is fetched from a network.
"""

import argparse
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from convline.cli import options
from convline.images.decoding import BadImage
from convline.runtime import paths
from convline.runtime.files import fresh_file
from convline.runtime.runner import run
from convline.serving.image_files import find_images

SHOWN = 3


def main() -> None:
    # Of `... | head`, which has read enough: to be ended by it is no mistake.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    arguments = parse_arguments()
    files = find_images(arguments.images)
    # After the arguments were understood: TensorFlow takes seconds to load.
    from convline.serving.loaded_classifier import Classifier, load_classifier  # noqa: PLC0415

    classifier = load_classifier(arguments.model)
    bad: dict[Path, str] = {}
    good: list[Path] = []

    def images(classifier: Classifier) -> Iterator[np.ndarray]:
        # disable=None: no bar where the output is no terminal.
        for file in tqdm(files, "predict", unit=" images", disable=None):
            try:
                image = classifier.decode(file.read_bytes())
            except (BadImage, OSError) as error:
                bad[file] = str(error)
            else:
                good.append(file)
                yield image

    rows = list(classifier.predict(images(classifier), arguments.batch_size))
    table = tabulate(good, rows, classifier.classes)
    if arguments.json:
        print(json.dumps(as_records(table, bad), indent=2, ensure_ascii=False))
    elif arguments.csv is None:
        print(as_text(table))
    else:
        write_csv(table, arguments.csv)
    for file, why in bad.items():
        print(f"{file}: {why}", file=sys.stderr)
    if bad:
        sys.exit(f"{len(bad):,} of {len(files):,} files cannot be decoded")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = options.parser("predict", __doc__)
    add = parser.add_argument
    add("images", nargs="+", metavar="IMAGE", help="files, folders, patterns in quotes")
    form = parser.add_mutually_exclusive_group().add_argument
    csv = "all probabilities, as a table in a file; -: print it"
    form("--csv", type=csv_file, metavar="FILE", help=csv)
    form("--json", action="store_true", help="all probabilities, as JSON")
    add("--model", type=Path, default=paths.CLASSIFIER, metavar="FILE")
    add("--batch-size", type=options.positive, default=32, metavar="N", help="images at a time")
    return parser.parse_args()


def csv_file(text: str) -> Path:
    """A file to write, or `-`, as an argument's `type`."""
    return Path(text) if text == "-" else options.new_file(text)


def tabulate(files: Sequence[Path], rows: Sequence[np.ndarray], classes: list[str]) -> pd.DataFrame:
    """A row per image: `file`, `predicted`, and `probability_<class>` of each class."""
    p = np.array(rows, np.float64).reshape(len(files), len(classes))
    table = pd.DataFrame({"file": [str(file) for file in files]})
    table["predicted"] = [classes[i] for i in p.argmax(axis=1)]
    columns = [f"probability_{name}" for name in classes]
    return pd.concat([table, pd.DataFrame(p.round(6), columns=columns)], axis="columns")


def as_text(table: pd.DataFrame) -> str:
    """A line per image: the class, and the probabilities of the likeliest ones."""
    lines = []
    width = max(map(len, table["file"]), default=0)
    for row in table.to_dict("records"):
        p = {name.removeprefix("probability_"): row[name] for name in table.columns[2:]}
        likeliest = sorted(p, key=p.__getitem__, reverse=True)[:SHOWN]
        lines.append(f"{row['file']:<{width}}  " + "  ".join(f"{x} {p[x]:.3f}" for x in likeliest))
    return "\n".join(lines)


def as_records(table: pd.DataFrame, bad: dict[Path, str]) -> list[dict[str, object]]:
    """For JSON: an object per image, those that cannot be decoded with `error`."""
    names = table.columns[2:]
    found: list[dict[str, object]] = [
        {
            "file": row["file"],
            "predicted": row["predicted"],
            "probabilities": {name.removeprefix("probability_"): row[name] for name in names},
        }
        for row in table.to_dict("records")
    ]
    return found + [{"file": str(file), "error": why} for file, why in bad.items()]


def write_csv(table: pd.DataFrame, file: Path) -> None:
    """Write the table, or print it where the file is `-`."""
    if str(file) == "-":
        print(table.to_csv(index=False), end="")
        return
    with fresh_file(file) as partial:
        table.to_csv(partial, index=False)


if __name__ == "__main__":
    run(main)
