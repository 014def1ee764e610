"""Pictures of mistakes and disagreements."""

import numpy as np
from PIL import Image

from convline.evaluation.mistakes import draw_disagreements, draw_mistakes
from tests.made_predictions import predictions


def test_mistakes_are_drawn_the_most_confident_first(tmp_path):
    p = [[0.1, 0.9], [0.2, 0.8], [0.9, 0.1]]
    some = predictions([0, 0, 0], p, keys=["a", "b", "c"])
    red, blue = (np.full((20, 30, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 0, 255)))
    draw_mistakes(some, {"a": red, "b": blue}, tmp_path / "mistakes.png")
    sheet = Image.open(tmp_path / "mistakes.png").convert("RGB")
    columns = [sheet.getpixel((x, 88)) for x in (88, 264)]
    assert columns == [(255, 0, 0), (0, 0, 255)]
    assert sheet.width < 3 * 176


def test_a_picture_without_mistakes_contains_a_sentence(tmp_path):
    right = predictions([0], [[1, 0]])
    draw_mistakes(right, {}, tmp_path / "mistakes.png")
    draw_disagreements({"scratch": right, "transfer": right}, {}, tmp_path / "disagreements.png")
    for name in ("mistakes", "disagreements"):
        assert len(Image.open(tmp_path / f"{name}.png").convert("L").getcolors()) > 1
