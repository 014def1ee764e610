"""Choose the model that becomes models/classifier.keras."""

from collections.abc import Mapping

from convline.evaluation.metrics import OVERALL
from convline.evaluation.score_summary import Summary


def choose(requested: str, summaries: Mapping[str, Summary]) -> str:
    """Return the name of the model.

    The choice uses the validation split only: scores of the test split would be too good for a
    model that was chosen by them.

    Args:
        requested: `scratch`, `transfer`, or `auto` for the model that is more accurate on
            validation; a tie goes to the lower log loss.
        summaries: the scores of each model.
    """

    def merit(model: str) -> tuple[float, float]:
        validation = summaries[model].splits["validation"]
        return validation["accuracy", OVERALL], -validation["loss", OVERALL]

    return max(summaries, key=merit) if requested == "auto" else requested
