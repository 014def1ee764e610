"""The folder of exported files: their names, and the check before it is replaced."""

from pathlib import Path

from convline.runtime.errors import UserError

FILES = {
    "onnx": "classifier.onnx",
    "litert": "classifier.tflite",
    "litert-int8": "classifier-int8.tflite",
    "savedmodel": "savedmodel",
}
TABLE, CLASSES, README = "table.csv", "classes.txt", "README.md"


def own_folder(folder: Path) -> Path:
    """Return the whole path of a folder that may be replaced: absent, empty or an earlier export.

    Raises:
        UserError: it contains something else.
    """
    whole = folder.resolve()
    ours = {TABLE, CLASSES, README, *FILES.values()}
    others = sorted({path.name for path in whole.glob("*")} - ours)
    if others:
        why = f"{folder} contains other files, such as {others[0]}, and would be replaced"
        raise UserError(f"{why}; choose an empty folder with -o")
    return whole
