"""Give the classifier to programs that have no Keras: ONNX, LiteRT, a TensorFlow SavedModel.

    convline export                                 all formats, into exports/
    convline export --formats onnx litert-int8      these
    convline export -o ~/models/digits --threads 1  into a folder of your own

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

from convline.cli import options
from convline.records.dataset import load_dataset
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_dir
from convline.runtime.runner import run

if TYPE_CHECKING:
    from convline.serving.loaded_classifier import Classifier

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
    from convline.exporting import export_formats  # noqa: PLC0415
    from convline.exporting.export_readme import README, write_readme  # noqa: PLC0415
    from convline.serving.loaded_classifier import load_classifier  # noqa: PLC0415

    export_formats.require(arguments.formats)
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
    parser = options.parser("export", __doc__)
    add = parser.add_argument
    add("--formats", nargs="+", choices=FILES, default=list(FILES), metavar="FORMAT", help=KINDS)
    default = Path("exports")
    new_folder = options.new_folder
    add("-o", "--output", type=new_folder, default=default, metavar="FOLDER", help="renewed")
    add(
        "--calibration",
        type=options.positive,
        default=200,
        metavar="N",
        help="training images for int8",
    )
    add("--threads", type=options.positive, metavar="N", help="else one for each core")
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
    from convline.runtime.tensorflow_setup import set_up, tf  # noqa: PLC0415 (it takes seconds to load)

    # Only before its first operation.
    if threads is not None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    set_up(0, "float32", device="cpu", gpus=1)


def export(
    classifier: "Classifier", arguments: argparse.Namespace, folder: Path
) -> tuple[pd.DataFrame, list[str]]:
    """Write and check each format; what is not near enough to Keras does not stay.

    Returns:
        A row for Keras and for each format that stayed, and why the others did not.
    """
    from convline.exporting import export_check, export_formats, portable_model  # noqa: PLC0415 (they load TensorFlow)
    from convline.runtime.tensorflow_setup import threads  # noqa: PLC0415 (it loads TensorFlow)

    dataset = load_dataset()
    part = portable_model.after_resizing(classifier)
    files, records = (
        export_check.as_files(classifier, dataset),
        export_check.as_records(part, dataset),
    )
    # All are timed on images of the model's own size, so that they can be compared.
    sized = export_check.first_batch(records)
    coloured = sized if sized.shape[-1] == 3 else sized.repeat(3, axis=-1)

    def row(
        name: str, path: Path, likeness: export_check.Likeness, predict: export_formats.Predict
    ) -> Row:
        any_size = name == KERAS or export_formats.FORMATS[name].any_size
        speeds = export_check.speeds(predict, coloured if any_size else sized)
        size = " x ".join(map(str, ["any", "any", 3] if any_size else sized.shape[1:]))
        facts = {"format": name, "file": path.name, "input": size, **asdict(likeness)}
        per_second = dict(zip(SPEEDS, speeds, strict=True))
        return {**facts, "megabytes": export_check.megabytes(path), **per_second}

    same = export_check.Likeness(1.0, 0.0, files.accuracy(files.expected))
    rows = [row(KERAS, arguments.model, same, classifier.model.predict_on_batch)]
    failures = []
    for name in dict.fromkeys(arguments.formats):
        form, path = export_formats.FORMATS[name], folder / FILES[name]
        try:
            export_formats.write(name, classifier, path, arguments.calibration)
            predict = form.load(path, arguments.threads or threads())
            likeness = export_check.liken(predict, files if form.any_size else records, name)
            export_formats.accept(name, likeness.agreement)
        except export_formats.Unusable as error:
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
