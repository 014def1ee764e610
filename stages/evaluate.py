"""Judge both models on the test split, which no other stage learns from.

Reads   models/, data/tfrecords, data/features/test
Writes  metrics/evaluate.json, metrics/plots/
Params  evaluate
"""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.preprocessing import label_binarize

from stages.common import paths
from stages.common.backend import keras
from stages.common.command import UserError, run
from stages.common.dataset import Dataset, load_dataset
from stages.common.features import feature_batches, load_features
from stages.common.files import fresh_dir, write_json
from stages.common.params import load_params
from stages.common.records import read_batches
from stages.common.runtime import set_up
from stages.common.schema import Params
from stages.networks.backbones import FINE_TUNED

MODELS = {"scratch": "CNN from scratch", "transfer": "pre-trained features and a head"}
ROC_POINTS = 201


def main() -> None:
    params = load_params()
    dataset = load_dataset()
    set_up(params.seed, params.runtime, "float32")
    keys, labels, scratch = predict_images(load_model(paths.SCRATCH_MODEL), dataset, params)
    transfer = predict_transfer(keys, dataset, params)
    probabilities = {"scratch": scratch, "transfer": transfer}
    scores = {model: score(labels, p) for model, p in probabilities.items()}
    write_plots(labels, probabilities, dataset.classes)
    write_json(paths.metrics("evaluate"), {**scores, "examples": len(labels)})
    print(describe(scores, len(labels)))


def predict_images(
    model: keras.Model, dataset: Dataset, params: Params
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Keys (n,), labels (n,) and probabilities (n, classes) of the test split, from its images."""
    keys: list[str] = []
    labels, outputs = [], []
    batch_size = params.evaluate.batch_size
    for images, label, key in read_batches(paths.TFRECORDS, dataset, "test", batch_size):
        outputs.append(model.predict_on_batch(images))
        labels.append(label.numpy())
        keys.extend(name.decode() for name in key.numpy())
    return keys, np.concatenate(labels), both_columns(np.concatenate(outputs))


def predict_transfer(keys: list[str], dataset: Dataset, params: Params) -> np.ndarray:
    """Probabilities (n, classes) of the test split, from its features or, fine-tuned, its images.

    Raises:
        UserError: the features are of other images than `keys`.
    """
    model = load_model(paths.HEAD_MODEL)
    if model.name == FINE_TUNED:
        return predict_images(model, dataset, params)[2]
    test = load_features("test")
    if test.keys.tolist() != keys:
        why = "hold other images than data/tfrecords"
        raise UserError(f"the features in {paths.FEATURES} {why}; run `dvc repro`")
    batches = feature_batches(test, params.evaluate.batch_size)
    outputs = [model.predict_on_batch(features) for features, _ in batches]
    return both_columns(np.concatenate(outputs))


def load_model(path: Path) -> keras.Model:
    """A trained model.

    Raises:
        UserError: it was not trained yet.
    """
    if not path.exists():
        raise UserError(f"there is no {path}; run `dvc repro`")
    return keras.models.load_model(path, compile=False)


def both_columns(outputs: np.ndarray) -> np.ndarray:
    """Probabilities, float64 (n, classes), from a softmax or from one sigmoid (n, 1)."""
    outputs = outputs.astype(np.float64)
    if outputs.shape[1] == 1:
        return np.hstack([1 - outputs, outputs])
    # The rows of a float32 softmax add up to 1 but for 1e-7, which scikit-learn warns of.
    return outputs / outputs.sum(axis=1, keepdims=True)


def score(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """scikit-learn's scores; those of two classes are of the second one, of more the macro average.

    Args:
        labels: int (n,).
        probabilities: float64 (n, classes).
    """
    classes = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    average = "binary" if classes == 2 else "macro"
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        labels, predicted, average=average, zero_division=0
    )
    ranked = probabilities[:, 1] if classes == 2 else probabilities
    return {
        "accuracy": float(metrics.accuracy_score(labels, predicted)),
        "loss": float(metrics.log_loss(labels, probabilities, labels=range(classes))),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        "roc_auc": float(metrics.roc_auc_score(labels, ranked, multi_class="ovr")),
    }


def write_plots(
    labels: np.ndarray, probabilities: dict[str, np.ndarray], classes: list[str]
) -> None:
    """Write the data of the confusion matrices, a row per image, and of the ROC curves."""
    names = np.array(classes)
    with fresh_dir(paths.PLOTS) as folder:
        for model, p in probabilities.items():
            pairs = {"actual": names[labels], "predicted": names[p.argmax(axis=1)]}
            pd.DataFrame(pairs).to_csv(folder / f"confusion_{model}.csv", index=False)
        curves = [roc_curve(labels, p).assign(curve=model) for model, p in probabilities.items()]
        pd.concat(curves).to_csv(folder / "roc.csv", index=False)


def roc_curve(labels: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """ROC curve at evenly spaced false positive rates; of more than two classes the mean curve.

    Returns:
        Columns `false_positive_rate` and `true_positive_rate`, 0 to 1.
    """
    classes = probabilities.shape[1]
    positive = [1] if classes == 2 else range(classes)
    is_class = label_binarize(labels, classes=range(max(classes, 3)))
    grid = np.linspace(0, 1, ROC_POINTS)
    rates = []
    for label in positive:
        fpr, tpr, _ = metrics.roc_curve(is_class[:, label], probabilities[:, label])
        rates.append(np.interp(grid, fpr, tpr))
    curve = {"false_positive_rate": [0, *grid], "true_positive_rate": [0, *np.mean(rates, axis=0)]}
    return pd.DataFrame(curve).round(6)


def describe(scores: dict[str, dict[str, float]], examples: int) -> str:
    """A table of both models, and a sentence that says which is better and by how much."""
    table = pd.DataFrame(scores).T.rename(index=MODELS).to_string(float_format="{:.4f}".format)
    difference = scores["transfer"]["accuracy"] - scores["scratch"]["accuracy"]
    images = f"on the {examples:,} images of the test split"
    if difference == 0:
        return f"{table}\nBoth models are equally accurate {images}."
    better = MODELS["transfer" if difference > 0 else "scratch"]
    return f"{table}\n{better}: more accurate by {abs(difference):.4f} {images}."


if __name__ == "__main__":
    run(main)
