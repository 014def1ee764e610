"""Judge both models on the test split, which no other stage learns from.

Reads   models/, data/tfrecords, data/features, data/groups.json, metrics/download.json
Writes  metrics/evaluate.json, metrics/evaluate/, data/predictions/, models/classifier.keras,
        models/README.md
Params  seed, preprocess, extract, evaluate

The figures of the training and validation split stand beside those of the test split, so that
overfitting shows. A decision threshold is chosen on validation.
"""

from collections.abc import Mapping

import pandas as pd

from convline.evaluation import plot_files
from convline.evaluation.bootstrap import draw_weights
from convline.evaluation.inference import load_models, predict_all
from convline.evaluation.model_choice import choose
from convline.evaluation.model_comparison import compare, describe
from convline.evaluation.score_summary import Summary, score_table, summarize
from convline.evaluation.titles import MODELS
from convline.explanation import feature_pictures
from convline.explanation.model_parts import split_model
from convline.networks.whole_classifier import build_classifier, with_extractor
from convline.params.loading import load_params
from convline.params.schema import Params
from convline.records.dataset import load_dataset
from convline.records.predictions import write_predictions
from convline.records.saved_models import TrainedModel
from convline.records.tfrecord_reader import find_images
from convline.reporting.model_card import Card
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import fresh_dir, write_json
from convline.runtime.keras_backend import dtype_policy
from convline.runtime.runner import run
from convline.runtime.tensorflow_setup import policy_name, set_up


def main() -> None:
    params = load_params()
    dataset = load_dataset()
    shape = dataset.image_shape
    positive = positive_label(dataset.classes, params)
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
    examples = len(test["scratch"].labels)
    with fresh_dir(paths.PREDICTIONS) as folder:
        for model, splits in predictions.items():
            write_predictions(splits, folder / f"{model}.csv")
    keys = plot_files.shown_keys(test) | feature_pictures.shown_keys(test)
    images = find_images(keys, dataset)
    with fresh_dir(paths.metrics_folder("evaluate")) as folder:
        pictures = folder / plot_files.PICTURES
        pictures.mkdir()
        plot_files.write_plots(test, score_table(summaries), positive, images, folder)
        parts = {
            name: split_model(with_extractor(model, params.extract, shape, params.seed))
            for name, model in models.items()
        }
        feature_pictures.write_pictures(test, parts, images, pictures)
    use = params.evaluate.intended_use
    card = Card(models, chosen, summaries, comparison, dataset, positive, use)
    card.write(paths.MODEL_CARD)
    figures = {model: summary.figures for model, summary in summaries.items()}
    both = {"classifier": chosen, "comparison": comparison, "examples": examples}
    write_json(paths.metrics("evaluate"), {**figures, **both})
    print(tabulate(summaries))
    classifier(models[chosen], shape, params).save(paths.CLASSIFIER)
    print(describe(comparison, examples))
    print(f"{paths.CLASSIFIER}: {MODELS[chosen]}")


def classifier(model: TrainedModel, image_shape: list[int], params: Params) -> TrainedModel:
    """Return the model from images of any size, with the preprocessing and backbone inside."""
    # A backbone computes in the precision in which extract computed the features of the head.
    with dtype_policy(policy_name(params.extract.precision)):
        complete = with_extractor(model, params.extract, image_shape, params.seed)
    return build_classifier(complete, params.preprocess)


def positive_label(classes: list[str], params: Params) -> int:
    """The label of `evaluate.positive_class`; the second of two classes if it is empty.

    Raises:
        UserError: there is no such class, or there are not two.
    """
    name = params.evaluate.positive_class
    if name is None:
        return 1
    if len(classes) != 2:
        why = f"is '{name}', and there are {len(classes)} classes; only one of two can be it"
        raise UserError(f"evaluate.positive_class {why}. Leave it empty")
    if name not in classes:
        raise UserError(f"evaluate.positive_class must be one of {classes}, got '{name}'")
    return classes.index(name)


def tabulate(summaries: Mapping[str, Summary]) -> str:
    """A table of both models' scores on the test split."""
    shown = ("accuracy", "loss", "precision", "recall", "f1", "roc_auc")
    rows = {
        MODELS[model]: [summary.figures[name] for name in shown]
        for model, summary in summaries.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=shown, dtype=float)
    return table.to_string(float_format="{:.4f}".format)


if __name__ == "__main__":
    run(main)
