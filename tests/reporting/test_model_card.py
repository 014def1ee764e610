"""The model card, made from files in Git alone."""

import pytest

from convline.params.loading import load_params
from convline.reporting.model_card import write_card
from convline.reporting.report_page import read_metrics
from convline.runtime import paths
from convline.runtime.errors import UserError
from tests.made_run import EVIL, write_run


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes the card of a run, with changed metrics, and returns it."""
    write_run(tmp_path, EVIL, commit=False)
    monkeypatch.chdir(tmp_path)
    stages = ("download", "organize", "train", "extract", "train_head", "evaluate")
    metrics = {stage: read_metrics(stage) for stage in stages}

    def card(**changes):
        write_card({**metrics, **changes}, load_params())
        return paths.MODEL_CARD.read_text()

    return card


def test_it_states_facts_of_the_run(write):
    card = write()
    assert card.startswith("# Image classifiers: odd\n\nToo close to call: the scratch CNN 90.0 %")
    assert "Use `classifier.keras`: Scratch CNN, with all preprocessing." in card
    assert "| scratch.keras | Scratch CNN | 12,345 | 8x8x1 |" in card
    assert "| head.keras | Transfer model | 12,345 | 512 features |" in card
    assert "- Licence: unknown; ask the owner before you share it" in card
    assert "| all | 120 | 24 | 20 |" in card
    assert "| Accuracy | 0.9000 (0.80 to 0.96) | 0.9000 (0.80 to 0.96) |" in card
    assert f"average precision refer to the class `{EVIL[1]}`." in card
    assert "probabilities are off by 0.9000 on average" in card


def test_a_positive_class_with_the_name_of_a_negative_one_is_a_warning(tmp_path, monkeypatch):
    write_run(tmp_path, ("COVID", "Normal"), commit=False)
    monkeypatch.chdir(tmp_path)
    stages = ("download", "organize", "train", "extract", "train_head", "evaluate")
    write_card({stage: read_metrics(stage) for stage in stages}, load_params())
    warning = "**warning: Normal is the positive class, because it is the second by name"
    assert warning in paths.MODEL_CARD.read_text()


def test_class_names_are_not_markup(write):
    assert "\\<script\\>" in write()


def test_the_same_run_gives_the_same_bytes(write):
    assert write() == write()


@pytest.mark.parametrize(
    ("val_loss", "row"),
    [(0.4, "| Transfer model | 99 | 8x8x1 |"), (0.6, "| Transfer model | 12,345 | 512 features |")],
)
def test_a_fine_tuned_model_takes_images_if_it_was_kept(write, val_loss, row):
    trained = read_metrics("train_head")["train_head"]
    tuned = {**trained, "parameters": 99, "best": {"epoch": 1, "val_loss": val_loss}}
    assert row in write(train_head={"train_head": {**trained, "fine_tuned": tuned}})


def test_missing_scores_are_one_message(write):
    (paths.metrics_folder("evaluate") / "scores.csv").unlink()
    with pytest.raises(UserError, match=r"there is no .*scores\.csv; run `dvc repro`"):
        write()
    assert not paths.MODEL_CARD.exists()
