"""Which of the two models people are given: the better one on validation, or the one asked for."""

from collections.abc import Mapping

from stages.evaluation.predictions import Predictions
from stages.evaluation.scores import OVERALL, Scores, score


def choose(asked: str, validation: Mapping[str, Predictions]) -> str:
    """The name of the model.

    The test split has no say: a model chosen by it would look better there than it is.

    Args:
        asked: `scratch`, `transfer`, or `auto` for the more accurate one on validation, of equally
            accurate ones that with the lower log loss.
        validation: predictions of the validation split, by model.
    """
    if asked != "auto":
        return asked
    scores = {model: score(predictions, positive=1) for model, predictions in validation.items()}
    return max(scores, key=lambda model: _merit(scores[model]))


def _merit(scores: Scores) -> tuple[float, float]:
    return scores["accuracy", OVERALL], -scores["loss", OVERALL]
