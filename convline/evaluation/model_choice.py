"""Which of the two models people are given: the better one on validation, or the one asked for."""

from collections.abc import Mapping

from convline.evaluation.metrics import OVERALL
from convline.evaluation.score_summary import Summary


def choose(asked: str, summaries: Mapping[str, Summary]) -> str:
    """The name of the model.

    The test split has no say: a model chosen by it would look better there than it is.

    Args:
        asked: `scratch`, `transfer`, or `auto` for the more accurate one on validation, of equally
            accurate ones that with the lower log loss.
        summaries: the figures of each model.
    """

    def merit(model: str) -> tuple[float, float]:
        validation = summaries[model].splits["validation"]
        return validation["accuracy", OVERALL], -validation["loss", OVERALL]

    return max(summaries, key=merit) if asked == "auto" else asked
