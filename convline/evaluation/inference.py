"""Load the trained models and predict the images of each split."""

import json
from collections.abc import Mapping

import numpy as np

from convline.params.schema import Params
from convline.records.dataset import Dataset
from convline.records.features import feature_batches, load_features
from convline.records.predictions import Predictions
from convline.records.saved_models import TrainedModel, load_model
from convline.records.tfrecord_reader import read_batches
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.keras_backend import keras

FILES = {"scratch": paths.SCRATCH_MODEL, "transfer": paths.HEAD_MODEL}


def load_models() -> dict[str, TrainedModel]:
    """Load both trained models.

    Raises:
        UserError: a model is missing, or another version or program wrote it.
    """
    return {name: load_model(path) for name, path in FILES.items()}


def predict_all(
    models: Mapping[str, TrainedModel], dataset: Dataset, params: Params
) -> dict[str, dict[str, Predictions]]:
    """Predict all images with both models, by model and split, sorted by the images' keys.

    This order depends only on the images, so that runs can be compared row by row.
    """
    predictions: dict[str, dict[str, Predictions]] = {model: {} for model in models}
    groups = load_groups()
    for split in paths.SPLITS:
        network = models["scratch"].network
        keys, labels, scratch = predict_images(network, dataset, split, params)
        transfer = predict_transfer(models["transfer"], keys, dataset, split, params)
        order = np.argsort(keys)
        names = np.array(keys)[order]
        member = np.array([groups.get(key, key) for key in names.tolist()])
        for model, p in (("scratch", scratch), ("transfer", transfer)):
            predictions[model][split] = Predictions(
                dataset.classes, names, member, labels[order], p[order]
            )
    return predictions


def load_groups() -> dict[str, str]:
    """Read the group of each image that has one, by its key.

    Raises:
        UserError: organize has not run.
    """
    try:
        content: dict[str, str] = json.loads(paths.GROUPS.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"there is no {paths.GROUPS}; run `dvc repro organize`") from None
    return content


def predict_images(
    model: keras.Model, dataset: Dataset, split: str, params: Params
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return keys (n,), labels (n,) and probabilities (n, classes) of one split's images."""
    keys: list[str] = []
    labels, outputs = [], []
    batch_size = params.evaluate.batch_size
    for images, label, key in read_batches(paths.TFRECORDS, dataset, split, batch_size):
        outputs.append(model.predict_on_batch(images))
        labels.append(label.numpy())
        keys.extend(name.decode() for name in key.numpy())
    return keys, np.concatenate(labels), both_columns(np.concatenate(outputs))


def predict_transfer(
    model: TrainedModel, keys: list[str], dataset: Dataset, split: str, params: Params
) -> np.ndarray:
    """Return probabilities (n, classes) from the features of a split, or its images if fine-tuned.

    Raises:
        UserError: the features belong to other images than `keys`.
    """
    if model.description.takes == "images":
        return predict_images(model.network, dataset, split, params)[2]
    features = load_features(split)
    if features.keys.tolist() != keys:
        why = "belong to other images than those in data/tfrecords"
        raise UserError(f"the features in {paths.FEATURES} {why}; run `dvc repro`")
    batches = feature_batches(features, params.evaluate.batch_size)
    outputs = [model.network.predict_on_batch(batch) for batch, _ in batches]
    return both_columns(np.concatenate(outputs))


def both_columns(outputs: np.ndarray) -> np.ndarray:
    """Return probabilities, float64 (n, classes), from a softmax or a single sigmoid (n, 1)."""
    outputs = outputs.astype(np.float64)
    if outputs.shape[1] == 1:
        return np.hstack([1 - outputs, outputs])
    # Rows of a float32 softmax add up to 1 within 1e-7; scikit-learn warns about the difference.
    return outputs / outputs.sum(axis=1, keepdims=True)
