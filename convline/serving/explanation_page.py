"""Write a page that shows what the classifier looks at in one image."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from convline.explanation import feature_pictures
from convline.reporting.html import data_uri, render
from convline.runtime.files import fresh_file
from convline.serving.loaded_classifier import Classifier
from convline.serving.prediction_view import Answer, answer_file

Draw = Callable[[Path], None]


def write_page(
    classifier: Classifier, name: str, data: bytes, classes: int, file: Path
) -> tuple[Answer, int]:
    """Write the page into `file`.

    Args:
        classifier: shown.
        name: of the image, as a heading.
        data: the bytes of the image.
        classes: number of heat maps, one per class, most probable first.
        file: to write.

    Returns:
        The prediction, and the size of the page in bytes.

    Raises:
        BadImage: the image cannot be decoded.
    """
    answer = answer_file(classifier, data, classes)
    parts = classifier.parts
    seen = classifier.resize(classifier.decode(data)).astype(np.uint8)
    sheets: dict[str, Draw] = {
        "edges": lambda path: feature_pictures.draw_edges(parts, seen, path),
        "filters": lambda path: feature_pictures.draw_filters(parts, path),
        "feature_maps": lambda path: feature_pictures.draw_feature_maps(parts, seen, path),
    }
    context = {
        "name": name,
        "answer": answer,
        "size": "x".join(map(str, classifier.image_size)),
        "convolutions": len(parts.convolutions),
        **{name: _drawn(draw) for name, draw in sheets.items()},
    }
    page = render("inside.html", context)
    with fresh_file(file) as partial:
        partial.write_text(page, encoding="utf-8")
    return answer, len(page.encode())


def _drawn(draw: Draw) -> str:
    """Return what is drawn as a data URI."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sheet.png"
        draw(file)
        return data_uri(file.read_bytes(), "png")
