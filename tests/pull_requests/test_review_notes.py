"""Notes on changed code, in the comparison of two commits and in the message of a submission."""

import subprocess
from pathlib import Path

import pytest

from convline.pull_requests.base_commit import find_base
from convline.pull_requests.review_notes import notes
from convline.pull_requests.revision_states import read_state
from convline.runtime.git import head
from convline.submitting.kaggle_upload import commit
from tests.commands import environment


@pytest.mark.parametrize(
    "file", ["convline/networks/cnn.py", "stages/train.py", "dvc.yaml", "requirements.lock"]
)
def test_a_change_of_code_is_noted(repository, file):
    base, state = find_base("main"), read_state(None)
    assert notes(base, state, state, {}, "") == [
        "`main` has no figures to compare with; what stands here is new."
    ]
    assert commit() == head()
    Path(file).write_text("changed")
    changed = notes(base, state, state, {}, "")[1:]
    assert changed == [
        f"Code that decides on results changed: `{file}`.",
        f"Not committed here, and part of what is compared: `{file}`.",
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
