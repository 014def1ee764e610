"""Read what a DVC experiment kept in Git: its scores, learning curves and confusion matrices."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dvc.api
import pandas as pd

from convline.evaluation.display_names import MODELS
from convline.evaluation.positive_class import positive_name
from convline.params.loading import parse_params
from convline.reporting.model_facts import kept_training
from convline.runtime import paths

STAGES = {"scratch": "train", "transfer": "train_head"}


@dataclass(frozen=True)
class RunRecords:
    """The files of one experiment, read from its commit.

    Attributes:
        revision: name of the experiment, or another revision of Git.
    """

    revision: str

    def row(self) -> dict[str, Any]:
        """Return the data set, the numbers of images and the scores, as in docs/results.csv."""
        images = pd.DataFrame(self._metrics("organize")["per_class"])
        row = {
            "data_set": self._metrics("download")["data_set"],
            **{split: int(images[split].sum()) for split in paths.SPLITS},
        }
        for model in MODELS:
            row |= {f"{model}_{name}": value for name, value in self._scores(model).items()}
        return row

    def curves(self, model: str, score: str) -> pd.DataFrame:
        """Return columns `epoch`, `curve` (train or validation) and the score."""
        file = paths.metrics_folder(STAGES[model]) / f"plots/custom/{score}.json"
        return pd.DataFrame(json.loads(self._text(file)))

    def confusion(self, model: str) -> pd.DataFrame:
        """Return columns `actual` and `predicted`, one row per image of the test split."""
        return self._table(paths.metrics_folder("evaluate") / f"confusion_{model}.csv")

    def classifier(self) -> str:
        """Return the model that evaluate chose: scratch or transfer."""
        return str(json.loads(self._text(paths.metrics("evaluate")))["classifier"])

    def _scores(self, model: str) -> dict[str, Any]:
        table = self._table(paths.metrics_folder("evaluate") / "scores.csv")
        table = table[table["model"] == model].set_index(["split", "score", "class"])
        table = table["value"].sort_index()
        accuracies = {split: table[split, "accuracy", ""] for split in paths.SPLITS}
        best = kept_training(self._metrics(STAGES[model]))[0]["best"]
        found = {
            "train_accuracy": accuracies["train"],
            "validation_accuracy": accuracies["validation"],
            "accuracy": accuracies["test"],
            "roc_auc": table["test", "roc_auc", ""],
            "best_epoch": best["epoch"],
        }
        classes = [name for name in table["test", "recall"].index if name]
        params = parse_params(self._text(paths.PARAMS), str(paths.PARAMS))
        positive = positive_name(classes, params.evaluate.positive_class)
        if positive:
            negative = next(name for name in classes if name != positive)
            found["sensitivity"] = table["test", "recall", positive]
            found["specificity"] = table["test", "recall", negative]
        return {name: float(value) for name, value in found.items()}

    def _metrics(self, stage: str) -> Any:
        return json.loads(self._text(paths.metrics(stage)))[stage]

    def _table(self, file: Path) -> pd.DataFrame:
        kinds: Any = {"class": str, "actual": str, "predicted": str}
        # A class may be called NA; an undefined score is empty.
        empty: Any = {"value": [""]}
        text = io.StringIO(self._text(file))
        return pd.read_csv(text, dtype=kinds, keep_default_na=False, na_values=empty)

    def _text(self, file: Path) -> str:
        return str(dvc.api.read(str(file), rev=self.revision, encoding="utf-8"))
