"""Score both models on the test split, which no other stage uses.

Reads   models/, data/tfrecords, data/features, data/groups.json
Writes  metrics/evaluate.json, metrics/evaluate/, data/predictions/, models/classifier.keras
Params  seed, preprocess, extract, evaluate

The scores of the training and validation splits are written beside those of the test split, to
show overfitting. A decision threshold is chosen on validation.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from convline.evaluation import mistakes
from convline.evaluation.bootstrap import draw_weights
from convline.evaluation.curve_data import write_curves
from convline.evaluation.display_names import MODELS
from convline.evaluation.inference import load_models, predict_all
from convline.evaluation.model_choice import choose
from convline.evaluation.model_comparison import compare, describe
from convline.evaluation.positive_class import describe_positive, positive_label
from convline.evaluation.score_summary import Summary, score_table, summarize
from convline.explanation import feature_pictures
from convline.explanation.model_parts import split_model
from convline.networks.whole_classifier import build_classifier, with_extractor
from convline.params.class_names import check_class_names
from convline.params.loading import load_params
from convline.params.schema import Params
from convline.records.dataset import Dataset, load_dataset
from convline.records.predictions import Predictions, write_predictions
from convline.records.saved_models import TrainedModel
from convline.records.tfrecord_reader import find_images
from convline.runtime import paths
from convline.runtime.files import fresh_dir, write_json
from convline.runtime.keras_backend import dtype_policy
from convline.runtime.runner import run
from convline.runtime.tensorflow_setup import policy_name, set_up


def main() -> None:
    params, dataset = load_params(), load_dataset()
    check_class_names(params, dataset.classes)
    positive = positive_label(dataset.classes, params.evaluate.positive_class)
    set_up(params.seed, "float32", device=params.runtime.device, gpus=params.runtime.gpus)
    models = load_models()
    predictions = predict_all(models, dataset, params)
    test = {model: splits["test"] for model, splits in predictions.items()}
    weights = draw_weights(test["scratch"].groups, params.evaluate.n_resamples, params.seed)
    summaries = {
        model: summarize(splits, positive, params.evaluate.target_sensitivity, weights)
        for model, splits in predictions.items()
    }
    comparison = compare(test["scratch"], test["transfer"], weights)
    chosen = choose(params.evaluate.classifier, summaries)
    # Before the pictures, whose networks would change the names that Keras gives to layers.
    classifier(models[chosen], dataset.image_shape, params).save(paths.CLASSIFIER)
    with fresh_dir(paths.PREDICTIONS) as folder:
        for model, splits in predictions.items():
            write_predictions(splits, folder / f"{model}.csv")
    with fresh_dir(paths.metrics_folder("evaluate")) as folder:
        write_curves(test, positive, folder)
        score_table(summaries).to_csv(folder / "scores.csv", index=False)
        # DVC expects the folder, also without pictures.
        (folder / "pictures").mkdir()
        if params.evaluate.pictures:
            write_pictures(test, models, dataset, params, folder / "pictures")
    results = {
        **{model: summary.test for model, summary in summaries.items()},
        "classifier": chosen,
        "comparison": comparison,
        "examples": len(test["scratch"].labels),
    }
    write_json(paths.metrics("evaluate"), results)
    for line in describe_positive(dataset.classes, params.evaluate.positive_class):
        print(line)
    print(tabulate(summaries))
    print(describe(comparison))
    print(f"{paths.CLASSIFIER}: {MODELS[chosen]}")


def write_pictures(
    test: Mapping[str, Predictions],
    models: Mapping[str, TrainedModel],
    dataset: Dataset,
    params: Params,
    folder: Path,
) -> None:
    """Draw mistakes and disagreements of the test split, and what the models look at."""
    keys = mistakes.shown_keys(test) | feature_pictures.shown_keys(test)
    images = find_images(keys, dataset)
    parts = {
        name: split_model(with_extractor(model, params.extract, dataset.image_shape, params.seed))
        for name, model in models.items()
    }
    mistakes.write_pictures(test, images, folder)
    feature_pictures.write_pictures(test, parts, images, folder)


def classifier(model: TrainedModel, image_shape: list[int], params: Params) -> TrainedModel:
    """Return the model from images of any size, with the preprocessing and backbone inside."""
    # The backbone must compute in the precision of the features on which the head was trained.
    with dtype_policy(policy_name(params.extract.precision)):
        complete = with_extractor(model, params.extract, image_shape, params.seed)
    return build_classifier(complete, params.preprocess)


def tabulate(summaries: Mapping[str, Summary]) -> str:
    """Return a table of both models' scores on the test split."""
    shown = ("accuracy", "loss", "precision", "recall", "f1", "roc_auc")
    rows = {
        MODELS[model]: [summary.test[name] for name in shown]
        for model, summary in summaries.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=shown, dtype=float)
    return table.to_string(float_format="{:.4f}".format)


if __name__ == "__main__":
    run(main)
