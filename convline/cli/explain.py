"""Show what the classifier looks at in one image.

    convline explain photo.jpg           write report/inside.html
    convline explain photo.jpg --classes 5

The page shows the regions that support the most probable classes (Grad-CAM), Sobel's filters
beside the first learned ones, the learned filters, and the output of each convolution. It loads
nothing and can be sent as it is. The model is the one that `evaluate` chose,
models/classifier.keras; to choose the other one:
`dvc exp run -S evaluate.classifier=transfer`, or `scratch`.
"""

from pathlib import Path

import click

from convline.cli import options
from convline.images.decoding import BadImage
from convline.runtime.errors import UserError
from convline.runtime.printable import printable

PAGE = Path("report/inside.html")


@options.command(help=__doc__)
@click.argument("image", type=options.PathType(), help="image file")
@click.option(
    "--classes",
    type=click.IntRange(min=1),
    default=3,
    metavar="N",
    help="number of classes with a heat map, most probable first",
)
@options.output(PAGE, what="file for the page")
@options.model
def main(image: Path, classes: int, output: Path, model: Path) -> None:
    data = read(image)
    # TensorFlow takes seconds to load: first everything that may be missing.
    from convline.serving.explanation_page import write_page
    from convline.serving.loaded_classifier import load_classifier

    classifier = load_classifier(model)
    try:
        prediction, size = write_page(classifier, image.name, data, classes, output)
    except BadImage as error:
        raise UserError(f"{image}: {error}") from None
    print(printable(f"{image}: {prediction.label} {prediction.classes[0][1]:.3f}"))
    print(f"{output} ({size / 1e6:.1f} MB): open it in a browser")


def read(file: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}; pass one image file") from None
