"""Give the classifier to programs that have no Keras: ONNX, LiteRT, a TensorFlow SavedModel.

    python -m tools.export                                 all formats, into exports/
    python -m tools.export --formats onnx litert-int8      these
    python -m tools.export -o ~/models/digits --threads 1  into a folder of your own

Each is run on the whole test split and left out where it says another class than Keras of more than
1 % of the images (int8: 5 %). exports/README.md says what each takes and gives, exports/table.csv
how near it comes to Keras, its size and its speed. ONNX and the SavedModel take images of any size;
LiteRT, in which the size cannot be left open, those of the model's own size.
"""

import argparse
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stages.common import paths
from stages.common.command import UserError, run
from stages.common.dataset import load_dataset
from stages.common.files import fresh_dir
from stages.common.schema import Runtime
from tools import command_line

if TYPE_CHECKING:
    from tools.serving.classifier import Classifier

KERAS = "keras"
FILES = {
    "onnx": "classifier.onnx",
    "litert": "classifier.tflite",
    "litert-int8": "classifier-int8.tflite",
    "savedmodel": "savedmodel",
}
KINDS = "of " + ", ".join(FILES)
TABLE, CLASSES = "table.csv", "classes.txt"
# Columns of the table: images per second in batches of 1 and of 32.
SPEEDS = ("images_per_second_1", "images_per_second_32")
Row = dict[str, str | float]


def main() -> None:
    arguments = parse_arguments()
    # After the arguments were understood: TensorFlow takes seconds to load.
    from tools.exporting import formats  # noqa: PLC0415
    from tools.exporting.readme import README, write_readme  # noqa: PLC0415
    from tools.serving.classifier import load_classifier  # noqa: PLC0415

    formats.require(arguments.formats)
    folder = own_folder(arguments.output)
    set_up_cpu(arguments.threads)
    classifier = load_classifier(arguments.model)
    with fresh_dir(folder) as partial:
        table, failures = export(classifier, arguments, partial)
        if len(table) == 1:
            raise UserError("; ".join(failures))
        table.to_csv(partial / TABLE, index=False)
        names = "".join(f"{name}\n" for name in classifier.classes)
        (partial / CLASSES).write_text(names, encoding="utf-8")
        write_readme(classifier, table, as_text(table), partial / README)
    print(as_text(table))
    print(f"{arguments.output}/{README} says what each takes and gives")
    if failures:
        raise UserError("left out: " + "; ".join(failures))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = command_line.parser("export", __doc__)
    add = parser.add_argument
    add("--formats", nargs="+", choices=FILES, default=list(FILES), metavar="FORMAT", help=KINDS)
    default = Path("exports")
    new_folder = command_line.new_folder
    add("-o", "--output", type=new_folder, default=default, metavar="FOLDER", help="renewed")
    add(
        "--calibration",
        type=command_line.positive,
        default=200,
        metavar="N",
        help="training images for int8",
    )
    add("--threads", type=command_line.positive, metavar="N", help="else one for each core")
    add("--model", type=Path, default=paths.CLASSIFIER, metavar="FILE")
    return parser.parse_args()


def own_folder(folder: Path) -> Path:
    """The folder of exports: absent, empty or of an earlier export, since it is replaced.

    Raises:
        UserError: it holds something else.
    """
    whole = folder.resolve()
    if whole.exists() and not whole.is_dir():
        raise UserError(f"{folder} is a file; give -o a folder")
    ours = {TABLE, CLASSES, "README.md", *FILES.values()}
    others = sorted({path.name for path in whole.glob("*")} - ours)
    if others:
        why = f"{folder} holds other things, such as {others[0]}, and would be replaced as a whole"
        raise UserError(f"{why}; give -o a folder of its own")
    return whole


def set_up_cpu(threads: int | None) -> None:
    """TensorFlow on the processor, as the others are, with so many threads."""
    from stages.common.runtime import set_up, tf  # noqa: PLC0415 (it takes seconds to load)

    # Only before its first operation.
    if threads is not None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    set_up(0, Runtime(device="cpu", gpus=1), "float32")


def export(
    classifier: "Classifier", arguments: argparse.Namespace, folder: Path
) -> tuple[pd.DataFrame, list[str]]:
    """Write and check each format; what is not near enough to Keras does not stay.

    Returns:
        A row for Keras and for each format that stayed, and why the others did not.
    """
    from stages.common.runtime import threads  # noqa: PLC0415 (it loads TensorFlow)
    from tools.exporting import check, formats, portable  # noqa: PLC0415 (they load TensorFlow)

    dataset = load_dataset()
    part = portable.after_resizing(classifier)
    files, records = check.as_files(classifier, dataset), check.as_records(part, dataset)
    # All are timed on images of the model's own size, so that they can be compared.
    sized = check.first_batch(records)
    coloured = sized if sized.shape[-1] == 3 else sized.repeat(3, axis=-1)

    def row(name: str, path: Path, likeness: check.Likeness, predict: formats.Predict) -> Row:
        any_size = name == KERAS or formats.FORMATS[name].any_size
        speeds = check.speeds(predict, coloured if any_size else sized)
        size = " x ".join(map(str, ["any", "any", 3] if any_size else sized.shape[1:]))
        facts = {"format": name, "file": path.name, "input": size, **asdict(likeness)}
        per_second = dict(zip(SPEEDS, speeds, strict=True))
        return {**facts, "megabytes": check.megabytes(path), **per_second}

    same = check.Likeness(1.0, 0.0, files.accuracy(files.expected))
    rows = [row(KERAS, arguments.model, same, classifier.model.predict_on_batch)]
    failures = []
    for name in dict.fromkeys(arguments.formats):
        form, path = formats.FORMATS[name], folder / FILES[name]
        try:
            formats.write(name, classifier, path, arguments.calibration)
            predict = form.load(path, arguments.threads or threads())
            likeness = check.liken(predict, files if form.any_size else records, name)
            formats.accept(name, likeness.agreement)
        except formats.Unusable as error:
            remove(path)
            failures.append(str(error))
        else:
            rows.append(row(name, path, likeness, predict))
    return pd.DataFrame(rows), failures


def remove(path: Path) -> None:
    """A file or a folder, where there is one."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def as_text(table: pd.DataFrame) -> str:
    """The table for a terminal."""
    shown = {
        "format": table["format"],
        "input": table["input"],
        "as Keras": table["agreement"].map("{:.2%}".format),
        "difference": table["difference"].map("{:.1e}".format),
        "accuracy": table["accuracy"].map("{:.4f}".format),
        "MB": table["megabytes"].map("{:.2f}".format),
        "images/s, 1": table[SPEEDS[0]].map("{:,.0f}".format),
        "images/s, 32": table[SPEEDS[1]].map("{:,.0f}".format),
    }
    return pd.DataFrame(shown).to_string(index=False)


if __name__ == "__main__":
    run(main)
