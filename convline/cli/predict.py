"""Predict the class of images.

    convline predict photo.jpg
    convline predict photos/ --csv predictions.csv        all images below a folder
    convline predict 'photos/**/*.jpg' --json             a pattern, as JSON
    convline predict photos/ --csv - | head               a table on the standard output

The model is the one that `evaluate` chose, models/classifier.keras. A file that cannot be decoded
is reported, the others are predicted, and the exit status is then 1. Formats are recognized by
content; files in folders that are not images are counted by kind. Nothing is downloaded.
"""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from convline.cli import options, repository
from convline.runtime.printable import printable


@options.command(help=__doc__)
@click.argument(
    "images", nargs=-1, required=True, metavar="IMAGE...", help="files, folders, patterns in quotes"
)
@click.option(
    "--csv",
    type=options.PathType(writable=True, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="file for a table of all probabilities; - prints it",
)
@click.option("--json", "as_json", is_flag=True, help="print all probabilities as JSON")
@options.model
@options.batch_size
def main(
    images: tuple[str, ...], csv: Path | None, as_json: bool, model: Path, batch_size: int
) -> None:
    if csv and as_json:
        raise click.UsageError("--csv and --json cannot be used together; choose one")
    # `... | head` ends this process when it has read enough, without an error message.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    from convline.serving.image_files import find_images

    found = find_images([placed(name) for name in images])
    files = found.images
    # TensorFlow takes seconds to load: first everything that may be missing.
    from tqdm import tqdm

    from convline.images.decoding import BadImage
    from convline.images.file_kinds import count_by_reason
    from convline.serving import prediction_table as tables
    from convline.serving.loaded_classifier import load_classifier

    classifier = load_classifier(model)
    bad: dict[Path, str] = {}
    good: list[Path] = []

    def decoded() -> Iterator[Any]:
        # disable=None: no progress bar where the output is not a terminal.
        for file in tqdm(files, "predict", unit=" images", disable=None):
            try:
                image = classifier.decode(file.read_bytes(), file.name)
            except (BadImage, OSError) as error:
                bad[file] = str(error)
            else:
                good.append(file)
                yield image

    rows = list(classifier.predict(decoded(), batch_size))
    table = tables.tabulate(good, rows, classifier.classes)
    if as_json:
        print(json.dumps(tables.as_records(table, bad), indent=2, ensure_ascii=False))
    elif csv is None:
        print(printable(tables.as_text(table)))
    else:
        tables.write_csv(table, csv)
    unread = [f"{file}: {why}" for file, why in bad.items()]
    ignored = [f"ignored: {line}" for line in count_by_reason(found.ignored)]
    print(printable("".join(f"{line}\n" for line in unread + ignored)), end="", file=sys.stderr)
    if bad:
        sys.exit(f"{len(bad):,} of {len(files):,} files cannot be decoded")


def placed(name: str) -> str:
    """Return a file, folder or pattern as seen from the root; find_images refuses addresses."""
    return name if "://" in name else str(repository.from_user_folder(name))
