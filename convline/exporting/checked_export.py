"""Export the classifier and keep the formats whose predictions agree with those of Keras."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from convline.exporting import export_check, export_formats, portable_model
from convline.exporting.export_folder import CLASSES, FILES, README, TABLE
from convline.exporting.export_readme import write_readme
from convline.records.dataset import load_dataset
from convline.runtime import paths, tensorflow_setup
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_dir
from convline.serving.loaded_classifier import Classifier

KERAS = "keras"
# Columns of the table: images per second in batches of 1 and of 32.
SPEEDS = ("images_per_second_1", "images_per_second_32")
Row = dict[str, str | float]


def write_exports(
    classifier: Classifier,
    model: Path,
    formats: Sequence[str],
    folder: Path,
    *,
    calibration: int,
    threads: int | None,
) -> tuple[str, list[str]]:
    """Write the folder of exports: see `export` for the arguments.

    Returns:
        The table for a terminal, and why formats were left out.

    Raises:
        UserError: no format could be exported.
    """
    with fresh_dir(folder) as partial:
        table, failures = export(
            classifier, model, formats, partial, calibration=calibration, threads=threads
        )
        if len(table) == 1:
            raise UserError("; ".join(failures))
        table.to_csv(partial / TABLE, index=False)
        names = "".join(f"{name}\n" for name in classifier.classes)
        (partial / CLASSES).write_text(names, encoding="utf-8")
        write_readme(classifier, table, as_text(table), partial / README)
    return as_text(table), failures


def set_up_cpu(threads: int | None) -> None:
    """Run TensorFlow on the CPU, as the other formats do, with this number of threads."""
    # This is possible only before TensorFlow's first operation.
    if threads is not None:
        tensorflow_setup.tf.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow_setup.tf.config.threading.set_inter_op_parallelism_threads(threads)
    tensorflow_setup.set_up(0, "float32", device="cpu", gpus=1)


def export(
    classifier: Classifier,
    model: Path,
    formats: Sequence[str],
    folder: Path,
    *,
    calibration: int,
    threads: int | None,
) -> tuple[pd.DataFrame, list[str]]:
    """Write each format and compare its predictions with those of Keras.

    Args:
        classifier: the model to export.
        model: its file.
        formats: names of the formats.
        folder: an existing folder for the files.
        calibration: number of training images for int8.
        threads: per operation; None for one per core.

    Returns:
        A row for Keras and for each format whose predictions agree, and why others were removed.

    Raises:
        UserError: the test split is missing or belongs to another run.
    """
    dataset = load_dataset()
    if dataset.classes != classifier.classes:
        why = f"{model} and {paths.TFRECORDS} have different classes"
        raise UserError(f"{why}: they belong to different runs; run `dvc repro`")
    part = portable_model.after_resizing(classifier)
    files, records = (
        export_check.as_files(classifier, dataset),
        export_check.as_records(part, dataset),
    )
    # All are timed on images of the size of the model's input, so that they can be compared.
    sized = export_check.first_batch(records)
    coloured = sized if sized.shape[-1] == 3 else sized.repeat(3, axis=-1)

    def row(
        name: str, path: Path, agreement: export_check.Agreement, predict: export_formats.Predict
    ) -> Row:
        any_size = name == KERAS or export_formats.FORMATS[name].any_size
        speeds = export_check.speeds(predict, coloured if any_size else sized)
        size = " x ".join(map(str, ["any", "any", 3] if any_size else sized.shape[1:]))
        facts = {"format": name, "file": path.name, "input": size, **asdict(agreement)}
        per_second = dict(zip(SPEEDS, speeds, strict=True))
        return {**facts, "megabytes": export_check.megabytes(path), **per_second}

    same = export_check.Agreement(1.0, 0.0, files.accuracy(files.expected))
    rows = [row(KERAS, model, same, classifier.model.predict_on_batch)]
    failures = []
    for name in dict.fromkeys(formats):
        form, path = export_formats.FORMATS[name], folder / FILES[name]
        try:
            export_formats.write(name, classifier, path, calibration)
            predict = form.load(path, threads or tensorflow_setup.threads())
            test = files if form.any_size else records
            agreement = export_check.compare_with_keras(predict, test, name)
            export_formats.accept(name, agreement.agreement)
        except export_formats.Unusable as error:
            remove(path)
            failures.append(str(error))
        else:
            rows.append(row(name, path, agreement, predict))
    return pd.DataFrame(rows), failures


def remove(path: Path) -> None:
    """Remove a file or a folder, if it exists."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def as_text(table: pd.DataFrame) -> str:
    """Return the table for a terminal."""
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
