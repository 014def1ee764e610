"""Read batches of images and targets for training."""

from convline.networks.output_layer import targets
from convline.params.schema import Augmentation, Training
from convline.records.dataset import Dataset
from convline.records.tfrecord_reader import read_batches
from convline.runtime import paths
from convline.runtime.tensorflow_setup import PREFETCH, tf, threads
from convline.training import augmentation, augmentation_cpu


def training_batches(
    dataset: Dataset, params: Training, changes: Augmentation, seed: int, on_device: bool = False
) -> tf.data.Dataset:
    """Return shuffled, augmented batches of the train split, different in each epoch.

    Args:
        dataset: description of the TFRecords.
        params: the section `train` or `train_head`.
        changes: augmentation of the images.
        seed: seed of the order and of the augmentation.
        on_device: True returns the images unchanged, together with their random changes, for
            `augmentation_gpu.augmenting`.

    Returns:
        Batches of images, uint8 (batch, height, width, channels), or dicts of images and changes,
        and of targets.
    """
    batches = target_batches(dataset, "train", params, seed)
    if not augmentation.is_on(changes):
        return batches
    height, width, channels = dataset.image_shape

    def augment(batch: tuple[tf.Tensor, tf.Tensor], seed: tf.Tensor) -> tuple[object, tf.Tensor]:
        images, targets = batch
        draws = augmentation.draw(tf.shape(images)[0], height, width, changes, seed)
        if on_device:
            return {"image": images, **draws._asdict()}, targets
        changed = tf.numpy_function(
            augmentation_cpu.change, [images, *draws], tf.uint8, stateful=False
        )
        return tf.ensure_shape(changed, [None, height, width, channels]), targets

    zipped = tf.data.Dataset.zip(batches, augmentation.seeds(seed))
    return zipped.map(augment, num_parallel_calls=threads()).prefetch(PREFETCH)


def target_batches(
    dataset: Dataset, split: str, params: Training, shuffle_seed: int | None = None
) -> tf.data.Dataset:
    """Return batches of images, uint8 (batch, height, width, channels), and targets."""
    batches = read_batches(
        paths.TFRECORDS, dataset, split, params.batch_size, shuffle_seed, repeatedly=True
    )
    classes = len(dataset.classes)
    return batches.map(lambda image, label, _: (image, targets(label, classes, params)))
