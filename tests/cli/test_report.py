"""`convline report`: mistakes of the user are one message each."""

import re

import pytest

from convline.cli import report
from convline.cli.report import PAGE
from convline.runtime import paths
from convline.runtime.errors import UserError
from convline.runtime.files import write_json
from tests.commands import call
from tests.made_run import EVIL, write_run


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("metrics/evaluate.json", "there is no metrics/evaluate.json; run `dvc repro`"),
        ("metrics/evaluate/scores.csv", "there is no metrics/evaluate/scores.csv; run `dvc repro`"),
        ("params.yaml", "params.yaml not found; run from the root of the repository"),
        ("dvc.yaml", "there is no dvc.yaml here; run from the root of the repository"),
    ],
)
def test_missing_files_are_one_message(tmp_path, monkeypatch, missing, message):
    write_run(tmp_path, EVIL, commit=False)
    (tmp_path / missing).unlink()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=re.escape(message)):
        call(report.main)
    assert not PAGE.exists()


def test_metrics_of_another_version_are_one_message(tmp_path, monkeypatch):
    write_run(tmp_path, EVIL, commit=False)
    monkeypatch.chdir(tmp_path)
    write_json(paths.metrics("evaluate"), {"examples": 10, "scratch": {}, "transfer": {}})
    with pytest.raises(UserError, match=r"evaluate.json has no comparison.*run `dvc repro`"):
        call(report.main)


def test_a_missing_stage_is_one_message(tmp_path, monkeypatch):
    write_run(tmp_path, EVIL, commit=False)
    monkeypatch.chdir(tmp_path)
    text = paths.DVC_YAML.read_text().replace("  evaluate:\n", "  judge:\n")
    for broken in ("", "stages: []\n", text):
        paths.DVC_YAML.write_text(broken)
        with pytest.raises(UserError, match=r"dvc.yaml has no stage .*evaluate; the report needs"):
            call(report.main)


@pytest.mark.parametrize("name", ["dvc.yaml", "metrics/evaluate/scores.csv"])
def test_conflict_markers_are_one_message(tmp_path, monkeypatch, name):
    write_run(tmp_path, EVIL, commit=False)
    (tmp_path / name).write_text("<<<<<<< ours\n" + (tmp_path / name).read_text())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=re.escape(name)):
        call(report.main)
