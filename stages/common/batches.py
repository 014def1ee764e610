"""Batches of images with their targets, for the stages that train on images."""

from stages.common import fitting, paths
from stages.common.augmentation import augment_batches
from stages.common.dataset import Dataset
from stages.common.records import read_batches
from stages.common.runtime import tf
from stages.common.schema import Augmentation, Fitting


def training_batches(
    dataset: Dataset, params: Fitting, augmentation: Augmentation, seed: int
) -> tf.data.Dataset:
    """Shuffled and augmented batches of the train split, anew in each epoch."""
    return augment_batches(target_batches(dataset, "train", params, seed), augmentation, seed)


def target_batches(
    dataset: Dataset, split: str, params: Fitting, shuffle_seed: int | None = None
) -> tf.data.Dataset:
    """Batches of images, uint8, and targets as the output layer has them."""
    batches = read_batches(paths.TFRECORDS, dataset, split, params.batch_size, shuffle_seed)
    classes = len(dataset.classes)
    return batches.map(lambda image, label, _: (image, fitting.targets(label, classes, params)))
