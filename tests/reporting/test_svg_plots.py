"""Plots of dvc.yaml as SVG, of one and of two revisions."""

import shutil
import xml.etree.ElementTree as ET

import pytest

from convline.reporting.svg_plots import draw
from convline.runtime.errors import UserError
from tests.made_run import git, write_curves


def test_plots_of_two_commits_are_drawn_together(evil, tmp_path, monkeypatch):
    folder = tmp_path / "copy"
    shutil.copytree(evil, folder)
    monkeypatch.chdir(folder)
    write_curves(folder, "train", epochs=9)
    git(folder, "commit", "-qam", "longer")
    write_curves(folder, "train", epochs=5)
    (before_and_after,) = [x for x in draw("HEAD~1", "HEAD") if x.title == "Scratch CNN, loss"]
    texts = svg_texts(before_and_after.svg)
    assert texts[-4:] == ["train", "validation", "HEAD~1", "HEAD"]
    # The commit before is dashed, in its legend as in the plot.
    assert before_and_after.svg.count('stroke-dasharray="6,4"') == 3
    (overlaid,) = [x for x in draw("HEAD~1") if x.title == "Scratch CNN, loss"]
    assert svg_texts(overlaid.svg)[-2:] == ["HEAD~1", "workspace"]
    (confusion,) = [x for x in draw("HEAD~1", "HEAD") if "confusion_scratch" in x.name]
    texts = svg_texts(confusion.svg)
    assert texts.index("HEAD~1") < texts.index("HEAD")
    (alone,) = [x for x in draw() if x.title == "Scratch CNN, loss"]
    assert "workspace" not in svg_texts(alone.svg)


def test_an_unknown_revision_is_one_message(evil, monkeypatch):
    monkeypatch.chdir(evil)
    with pytest.raises(UserError, match="DVC shows no plots"):
        draw("no-such-revision")


def svg_texts(svg):
    return [x.text for x in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text") if x.text]
