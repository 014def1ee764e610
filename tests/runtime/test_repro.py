"""`make repro` ends with a line per stage: its time, or that it was up to date."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import REPOSITORY, environment, run_in

DVC_YAML = """\
stages:
  train:
    cmd: python -c "{train}"
    metrics: [metrics/train.json]
  evaluate:
    cmd: python -c "{evaluate}"
    params: [seed]
    metrics: [metrics/evaluate.json]
"""
STAGE = (
    "from convline.runtime import paths, run_times; from convline.runtime.files import write_json; "
    "write_json(paths.metrics('{0}'), dict()); run_times.keep_run_time('stages.{0}')"
)


@pytest.fixture(autouse=True)
def _dvc_repository(tmp_path):
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"]):
        subprocess.run(command, cwd=tmp_path, env=environment(), check=True)


def test_each_stage_has_a_line(tmp_path):
    stages = {name: STAGE.format(name) for name in ("train", "evaluate")}
    (tmp_path / "dvc.yaml").write_text(DVC_YAML.format(**stages))
    (tmp_path / "params.yaml").write_text("seed: 1\n")
    first = repro(tmp_path)
    assert re.search(r"(?m)^train +\d+ s\nevaluate +\d+ s\n\Z", first.stdout), first.stdout
    (tmp_path / "params.yaml").write_text("seed: 2\n")
    second = repro(tmp_path)
    assert re.search(r"(?m)^train +up to date\nevaluate +\d+ s\n\Z", second.stdout)


def test_a_failed_stage_ends_with_the_exit_status_of_dvc(tmp_path):
    (tmp_path / "dvc.yaml").write_text("stages: {train: {cmd: 'false'}}\n")
    result = repro(tmp_path)
    assert result.returncode == 255
    assert "failed to run: false" in result.stderr


def repro(folder: Path):
    command = [sys.executable, "-m", "convline.runtime.repro"]
    return run_in(folder, command, {**environment(), "PYTHONPATH": str(REPOSITORY)})
