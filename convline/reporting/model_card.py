"""`models/README.md`: what a person must know who is handed these models.

After Mitchell et al. 2019, Model Cards for Model Reporting. It holds facts of this run alone: no
clock, no commit, so that the same run gives the same bytes.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convline.evaluation.inference import FILES
from convline.evaluation.metrics import OVERALL
from convline.evaluation.model_comparison import Comparison, describe
from convline.evaluation.score_summary import Summary
from convline.evaluation.titles import MODELS, SCORES
from convline.records.dataset import Dataset
from convline.records.saved_models import TrainedModel
from convline.reporting.markdown import code, table, text
from convline.runtime import paths
from convline.runtime.files import fresh_file

NO_INTERVAL = (
    "Where there is no interval all resamples agree, or too few define the score: no mistake among "
    "n images still allows an error rate of 3/n (Hanley and Lippman-Hand 1983)."
)


@dataclass(frozen=True)
class Card:
    """The facts of a model card.

    Attributes:
        models: scratch and transfer.
        chosen: which of them is in models/classifier.keras.
        summaries: the figures of each.
        comparison: of both on the test split.
        dataset: what they were trained on.
        positive: the label that the scores of two classes are of.
        intended_use: what the user says of it; None for a sentence made of the facts.
    """

    models: Mapping[str, TrainedModel]
    chosen: str
    summaries: Mapping[str, Summary]
    comparison: Comparison
    dataset: Dataset
    positive: int
    intended_use: str | None

    def write(self, path: Path) -> None:
        """Write the Markdown."""
        source = json.loads(paths.metrics("download").read_text(encoding="utf-8"))["download"]
        sections = [
            f"# Image classifiers: {text(source['data_set'])}",
            describe(self.comparison, self.dataset.splits["test"].examples),
            f"## Intended use\n\n{text(self.intended_use or self._use(source))}",
            f"## Models\n\n{self._models()}",
            f"## Data\n\n{self._data(source)}",
            f"## Scores on the test split\n\n{self._scores()}",
            f"## Limits\n\n{self._limits()}",
        ]
        with fresh_file(path) as partial:
            partial.write_text("\n\n".join(sections) + "\n", encoding="utf-8")

    def _use(self, source: Mapping[str, Any]) -> str:
        classes = self.dataset.classes
        shown = ", ".join(classes[:10]) + ", ..." * (len(classes) > 10)
        return (
            f"To tell {len(classes)} classes apart ({shown}) in images like those of "
            f"{source['data_set']}. Judge them on images of your own before you rely on them."
        )

    def _models(self) -> str:
        rows = [
            [FILES[name].name, MODELS[name], f"{model.network.count_params():,}", _input(model)]
            for name, model in self.models.items()
        ]
        height, width, channels = self.dataset.image_shape
        use = (
            f"Use `{paths.CLASSIFIER.name}`: {MODELS[self.chosen]}, with all preprocessing. It "
            "takes RGB images of any size, uint8, and gives the probability of each class, in the "
            "order below. What it is made of:"
        )
        parts = table(["file", "model", "parameters", "input"], rows)
        return (
            f"{use}\n\n{parts}\n\nTheir images are resized to {height}x{width}x{channels} pixels."
        )

    def _data(self, source: Mapping[str, Any]) -> str:
        name, version = source["data_set"], source["version"] or "unknown"
        licence = source["licence"] or "unknown; ask the owner before you share it"
        file, size, digest = source["file"], source["bytes"], source["sha256"]
        facts = [
            f"- Source: {text(name)}, version {text(version)}",
            f"- Licence: {text(licence)}",
            f"- Archive: `{file}`, {size:,} bytes, SHA-256 `{digest}`",
        ]
        splits = [self.dataset.splits[name] for name in paths.SPLITS]
        rows = [
            [text(label), *(f"{split.classes[label]:,}" for split in splits)]
            for label in self.dataset.classes
        ]
        total = ["all", *(f"{split.examples:,}" for split in splits)]
        return "\n".join(facts) + "\n\n" + table(["class", *paths.SPLITS], [*rows, total])

    def _scores(self) -> str:
        classes = self.dataset.classes
        of = f"of {code(classes[self.positive])}" if len(classes) == 2 else "means over the classes"
        test = self.summaries["scratch"].splits["test"]
        scores = [
            [words, *self._cells(name, OVERALL)]
            for name, words in SCORES.items()
            if (name, OVERALL) in test
        ]
        recalls = [[text(label), *self._cells("recall", label)] for label in classes]
        header = [MODELS[model] for model in self.summaries]
        return "\n\n".join(
            [
                f"With 95 % bootstrap intervals. Precision, recall, F1 and both areas are {of}. "
                + NO_INTERVAL,
                table(["score", *header], scores),
                "Recall of each class, the share of its images that are found:",
                table(["class", *header], recalls),
            ]
        )

    def _cells(self, name: str, label: str) -> list[str]:
        return [_with_interval(summary, name, label) for summary in self.summaries.values()]

    def _limits(self) -> str:
        limits = [
            "The intervals cover which images of this kind the test split happens to hold.",
            "Another training run, another camera, place or time are not covered by them.",
            "An image of none of the classes gets one of them all the same.",
        ]
        for model, summary in self.summaries.items():
            train, test = summary.splits["train"], summary.splits["test"]
            error = test["expected_calibration_error", OVERALL]
            limits.append(
                f"{MODELS[model]}: its probabilities are off by {error:.3f} on average (expected "
                f"calibration error). Accuracy {train['accuracy', OVERALL]:.3f} on its training "
                f"images, {test['accuracy', OVERALL]:.3f} on the test split."
            )
        return "\n".join(f"- {limit}" for limit in limits)


def _with_interval(summary: Summary, name: str, label: str) -> str:
    value = summary.splits["test"].get((name, label), math.nan)
    low, high = summary.intervals.get((name, label), (math.nan, math.nan))
    if math.isnan(value):
        return "undefined"
    return f"{value:.3f}" + ("" if math.isnan(low) else f" ({low:.3f} to {high:.3f})")


def _input(model: TrainedModel) -> str:
    shape = "x".join(map(str, model.network.input_shape[1:]))
    return f"{shape} features" if model.description.takes == "features" else shape
