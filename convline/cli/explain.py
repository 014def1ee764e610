"""Show what the classifier looks at in one picture: filters, feature maps, Sobel, Grad-CAM.

    convline explain photo.jpg           writes report/inside.html
    convline explain photo.jpg --classes 5

The page shows what speaks for the likeliest classes (Grad-CAM), Sobel's filters beside the first
learned ones, the filters themselves, and what each convolution gives. It loads nothing and can be
sent as it is. The model is the one that `evaluate` chose, models/classifier.keras; to look into the
other: `dvc exp run -S evaluate.classifier=transfer`, or `scratch`.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from convline.cli import options
from convline.images.decoding import BadImage
from convline.reporting.html import data_uri, render
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_file
from convline.runtime.runner import run

PAGE = Path("report/inside.html")
Draw = Callable[[Path], None]


def main() -> None:
    arguments = parse_arguments()
    data = read(arguments.image)
    # After the arguments were understood: TensorFlow takes seconds to load.
    from convline.explanation import feature_pictures  # noqa: PLC0415
    from convline.serving.loaded_classifier import load_classifier  # noqa: PLC0415
    from convline.serving.prediction_view import answer_file  # noqa: PLC0415

    classifier = load_classifier(arguments.model)
    try:
        said = answer_file(classifier, data, arguments.classes)
    except BadImage as error:
        raise UserError(f"{arguments.image}: {error}") from None
    parts = classifier.parts
    seen = classifier.resize(classifier.decode(data)).astype(np.uint8)
    sheets: dict[str, Draw] = {
        "edges": lambda path: feature_pictures.draw_edges(parts, seen, path),
        "filters": lambda path: feature_pictures.draw_filters(parts, path),
        "feature_maps": lambda path: feature_pictures.draw_feature_maps(parts, seen, path),
    }
    context = {
        "name": arguments.image.name,
        "answer": said,
        "size": "x".join(map(str, classifier.image_size)),
        "convolutions": len(parts.convolutions),
        **{name: drawn(draw) for name, draw in sheets.items()},
    }
    page = render("inside.html", context)
    with fresh_file(arguments.output) as partial:
        partial.write_text(page, encoding="utf-8")
    print(f"{arguments.image}: {said.label} {said.classes[0][1]:.3f}")
    print(f"{arguments.output} ({len(page.encode()) / 1e6:.1f} MB): open it in a browser")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = options.parser("look_inside", __doc__)
    add = parser.add_argument
    add("image", type=Path, metavar="IMAGE", help="a file")
    heats = "how many of the likeliest classes get a heat map"
    add("--classes", type=options.positive, default=3, metavar="N", help=heats)
    add("-o", "--output", type=options.new_file, default=PAGE, metavar="FILE")
    add("--model", type=Path, default=paths.CLASSIFIER, metavar="FILE")
    return parser.parse_args()


def read(file: Path) -> bytes:
    """The bytes of a file.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return file.expanduser().read_bytes()
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}; name one picture") from None


def drawn(draw: Draw) -> str:
    """What is drawn, as a data URI."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sheet.png"
        draw(file)
        return data_uri(file.read_bytes(), "png")


if __name__ == "__main__":
    run(main)
