"""Run times of stages are kept beside their outputs, never in them."""

import json
import sys
from pathlib import Path

import pytest

from convline.runtime import paths
from convline.runtime.files import write_json
from convline.runtime.run_times import DVC_TMP, RUN_TIMES, keep_run_time, run_time
from tests.commands import REPOSITORY, environment, run_in

STAGE = """
from convline.runtime import paths
from convline.runtime.runner import run
from convline.runtime.files import write_json

def main():
    write_json(paths.metrics("organize"), {"organize": 1})

main.__module__ = "stages.organize"
run(main)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A DVC repository in which a stage wrote its metrics."""
    monkeypatch.chdir(tmp_path)
    DVC_TMP.mkdir(parents=True)
    write_json(paths.metrics("train"), {"train": 1})
    return tmp_path


def test_a_stage_keeps_the_time_of_its_process(folder):
    variables = {**environment(), "PYTHONPATH": str(REPOSITORY)}
    result = run_in(folder, [sys.executable, "-c", STAGE], variables)
    assert result.returncode == 0, result.stderr
    seconds = run_time("organize")
    assert seconds is not None
    assert 0 < seconds < 60


def test_the_time_applies_to_the_metrics_of_that_run_only(folder):
    assert run_time("train") is None
    keep_run_time("stages.train")
    assert run_time("train") is not None
    write_json(paths.metrics("train"), {"train": 2})
    assert run_time("train") is None
    paths.metrics("train").unlink()
    assert run_time("train") is None


def test_only_stages_keep_times_and_only_where_dvc_does(folder):
    keep_run_time("convline report")
    assert not RUN_TIMES.exists()
    DVC_TMP.rmdir()
    keep_run_time("stages.train")
    assert not Path(".dvc/tmp").exists()


def test_errors_here_never_fail_a_stage(folder):
    keep_run_time("stages.no_such_stage")
    RUN_TIMES.write_text("a file where a folder should be")
    keep_run_time("stages.train")
    assert run_time("train") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"seconds": None})])
def test_an_invalid_file_is_ignored(folder, text):
    RUN_TIMES.mkdir()
    (RUN_TIMES / "train.json").write_text(text)
    assert run_time("train") is None
