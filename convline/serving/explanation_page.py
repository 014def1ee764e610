"""Write a page that shows what the classifier looks at in one image."""

from pathlib import Path

import numpy as np

from convline.explanation.feature_pictures import draw_edges, draw_feature_maps, draw_filters
from convline.reporting.html import render
from convline.runtime.files import fresh_file
from convline.serving.loaded_classifier import Classifier
from convline.serving.prediction_view import PredictionView, image_uri, predict_file


def write_page(
    classifier: Classifier, name: str, data: bytes, classes: int, file: Path
) -> tuple[PredictionView, int]:
    """Write the page.

    Args:
        classifier: the model to explain.
        name: the name of the image, for the heading.
        data: content of the image file.
        classes: number of heat maps, one per class, most probable first.
        file: the page to write.

    Returns:
        The prediction, and the size of the page in bytes.

    Raises:
        BadImage: the image cannot be decoded.
    """
    prediction = predict_file(classifier, data, name, heats=classes)
    parts = classifier.parts
    resized = classifier.resize(classifier.decode(data, name)).astype(np.uint8)
    context = {
        "name": name,
        "prediction": prediction,
        "size": "x".join(map(str, classifier.image_size)),
        "convolutions": len(parts.convolutions),
        "edges": image_uri(draw_edges(parts, resized)),
        "filters": image_uri(draw_filters(parts)),
        "feature_maps": image_uri(draw_feature_maps(parts, resized)),
    }
    page = render("explanation.html", context)
    with fresh_file(file) as partial:
        partial.write_text(page, encoding="utf-8")
    return prediction, len(page.encode())
