"""metrics/plots/: the data of the plots, and pictures of what the models get wrong and look at."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stages.common import paths
from stages.common.dataset import Dataset
from stages.common.files import fresh_dir
from stages.common.records import read_batches
from stages.evaluation.anatomy import Anatomy
from stages.evaluation.curves import write_curves
from stages.evaluation.insight import (
    draw_edges,
    draw_feature_maps,
    draw_filters,
    draw_grad_cam,
    examples,
)
from stages.evaluation.pictures import (
    draw_disagreements,
    draw_mistakes,
    most_confident_mistakes,
    strongest_disagreements,
)
from stages.evaluation.predictions import Predictions


def write_plots(
    test: Mapping[str, Predictions],
    scores: pd.DataFrame,
    positive: int,
    anatomies: Mapping[str, Anatomy],
    dataset: Dataset,
) -> None:
    """Write all of them.

    Args:
        test: predictions of the test split by model.
        scores: the table of all scores.
        positive: the label to find, where there are two classes.
        anatomies: the parts of each model.
        dataset: for the images.
    """
    first, second = test.values()
    # Of one image all convolutions are shown: the first, whatever it is.
    shown = {first.keys[0], *first.keys[strongest_disagreements(first, second)]}
    for predictions in test.values():
        for rows in (most_confident_mistakes(predictions), *examples(predictions)):
            shown |= set(predictions.keys[rows])
    images = find_images(shown, dataset)
    with fresh_dir(paths.PLOTS) as folder:
        write_curves(test, positive, folder)
        scores.to_csv(folder / "scores.csv", index=False)
        draw_disagreements(test, images, folder / "disagreements.png")
        for model, predictions in test.items():
            anatomy, image = anatomies[model], images[first.keys[0]]
            draw_mistakes(predictions, images, folder / f"mistakes_{model}.png")
            draw_filters(anatomy, folder / f"filters_{model}.png")
            draw_feature_maps(anatomy, image, folder / f"feature_maps_{model}.png")
            draw_edges(anatomy, image, folder / f"edges_{model}.png")
            draw_grad_cam(anatomy, predictions, images, folder / f"grad_cam_{model}.png")


def find_images(keys: set[str], dataset: Dataset) -> dict[str, np.ndarray]:
    """These images of the test split as the models see them, uint8 (height, width, channels)."""
    images = {}
    for batch, _, names in read_batches(paths.TFRECORDS, dataset, "test", batch_size=64):
        for image, name in zip(batch.numpy(), names.numpy(), strict=True):
            if name.decode() in keys:
                images[name.decode()] = image
    return images
