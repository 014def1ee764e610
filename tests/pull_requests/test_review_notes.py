"""Notes on changed code, also in the message of a submission."""

import subprocess
from pathlib import Path

import pytest

from convline.pull_requests.base_commit import find_base
from convline.pull_requests.review_notes import notes
from convline.pull_requests.revision_results import read_results
from convline.runtime.git import head
from convline.submitting.kaggle_upload import commit
from tests.commands import environment


@pytest.mark.parametrize(
    "file", ["convline/networks/cnn.py", "stages/train.py", "dvc.yaml", "requirements.lock"]
)
def test_a_change_of_code_is_noted(repository, file):
    base, results = find_base("main"), read_results(None)
    assert notes(base, results, results, {}, "") == [
        "`main` has no metrics to compare with: all metrics here are new."
    ]
    assert commit() == head()
    Path(file).write_text("changed")
    changed = notes(base, results, results, {}, "")[1:]
    assert changed == [
        f"Changed code that determines results: `{file}`.",
        f"Not committed, but part of the comparison: `{file}`.",
    ]
    assert commit() == f"{head()} with changes"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with a file in each place that determines results."""
    monkeypatch.chdir(tmp_path)
    for name in ("convline/networks/cnn.py", "stages/train.py", "dvc.yaml", "requirements.lock"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("")
    for git in (["init", "-qb", "main"], ["add", "-A"], ["commit", "-qm", "start"]):
        subprocess.check_call(["git", *git], env=environment())
