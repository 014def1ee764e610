"""Export the classifier to ONNX, LiteRT or a SavedModel.

    convline export                                 all formats, into exports/
    convline export --formats onnx litert-int8      two of them
    convline export -o ~/models/digits --threads 1  into another folder

Each export is run on the whole test split, and left out if it predicts another class than Keras for
more than 1 % of the images (int8: 5 %). exports/README.md describes the input and output of each;
exports/table.csv has its agreement with Keras, its size and its speed. ONNX and the SavedModel
accept images of any size; LiteRT, which needs a fixed size, accepts images of the model's own size.
"""

from pathlib import Path

import click

from convline.cli import options
from convline.exporting.export_folder import FILES, README, own_folder
from convline.runtime.errors import UserError


@options.command(help=__doc__)
@click.option(
    "--formats",
    multiple=True,
    type=click.Choice(list(FILES)),
    default=list(FILES),
    metavar="FORMAT...",
    help=f"one or more of {', '.join(FILES)}",
    show_default="all",
)
@options.output(
    Path("exports"), what="folder for the exported files; earlier exports are replaced", folder=True
)
@click.option(
    "--calibration",
    type=click.IntRange(min=1),
    default=200,
    metavar="N",
    help="number of training images that calibrate int8",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    help="threads per operation",
    show_default="one per core",
)
@options.model
def main(
    formats: tuple[str, ...], output: Path, calibration: int, threads: int | None, model: Path
) -> None:
    folder = own_folder(output)
    # TensorFlow takes seconds to load: first everything that may be missing.
    from convline.exporting import checked_export, export_formats
    from convline.serving.loaded_classifier import load_classifier

    export_formats.require(formats)
    checked_export.set_up_cpu(threads)
    table, failures = checked_export.write_exports(
        load_classifier(model), model, formats, folder, calibration=calibration, threads=threads
    )
    print(table)
    print(f"{output}/{README} describes the input and output of each")
    if failures:
        raise UserError("left out: " + "; ".join(failures))
