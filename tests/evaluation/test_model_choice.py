"""The classifier is the model with the better validation scores."""

from convline.evaluation.model_choice import choose
from convline.evaluation.score_summary import Summary


def test_the_better_model_on_validation_is_chosen():
    def summary(accuracy, loss):
        return Summary({}, {"validation": {("accuracy", ""): accuracy, ("loss", ""): loss}}, {})

    right, unsure, wrong = summary(1, 0.1), summary(1, 0.5), summary(0.5, 0.05)
    assert choose("auto", {"scratch": wrong, "transfer": unsure}) == "transfer"
    assert choose("auto", {"scratch": right, "transfer": wrong}) == "scratch"
    # With equal accuracy, the model with the lower loss is chosen.
    assert choose("auto", {"scratch": unsure, "transfer": right}) == "transfer"
    assert choose("scratch", {"scratch": wrong, "transfer": right}) == "scratch"
