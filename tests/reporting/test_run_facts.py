"""Facts about the run: stages that are out of date, and durations."""

import json
import subprocess
from pathlib import Path

from convline.reporting.run_facts import duration, stale_stages
from tests.commands import environment


def test_changed_stages_are_out_of_date_but_missing_outputs_are_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pipeline = {"a": {"cmd": "cp in out", "deps": ["in"], "outs": ["out"]}}
    Path("dvc.yaml").write_text(json.dumps({"stages": pipeline}))
    Path("in").write_text("1")
    for command in (["init", "-q", "--no-scm"], ["repro", "-q"]):
        subprocess.run(["dvc", *command], check=True, env=environment(), capture_output=True)
    assert stale_stages() == []
    Path("out").unlink()
    assert stale_stages() == []
    Path("in").write_text("2")
    assert stale_stages() == ["a"]


def test_durations_have_two_units_at_most():
    assert [duration(x) for x in (3.21, 65, 3720)] == ["3.2 s", "1 min 05 s", "1 h 02 min"]
