"""Fit a model to augmented images; the CNN and a fine-tuned backbone do."""

from stages.common import fitting
from stages.common.augmentation import is_on
from stages.common.backend import keras
from stages.common.batches import target_batches, training_batches
from stages.common.curves import Curves
from stages.common.dataset import Dataset
from stages.common.device_augmentation import augmenting, unchanged
from stages.common.runtime import has_gpu
from stages.common.schema import Augmentation, Fitting


def fit_to_images(
    model: keras.Model,
    dataset: Dataset,
    params: Fitting,
    *,
    changes: Augmentation,
    seed: int,
    curves: Curves,
) -> fitting.Metrics:
    """Train `model` on the train split and leave it with its best weights.

    Args:
        model: of images, (batch, height, width, channels), 0 to 255.
        dataset: what the TFRecords hold.
        params: the section of the stage.
        changes: how training images are augmented, on the GPU where there is one.
        seed: of the order of the images and of their changes.
        curves: where loss and accuracy of each epoch go.

    Returns:
        As `fitting.fit`.
    """
    on_device = has_gpu() and is_on(changes)
    train = training_batches(dataset, params, changes, seed, on_device)
    validation = target_batches(dataset, "validation", params)
    if on_device:
        model = augmenting(model)
        validation = validation.map(unchanged)
    images = dataset.class_counts("train")
    return fitting.fit(model, train, validation, params, images=images, curves=curves)
