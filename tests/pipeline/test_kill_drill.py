"""Each stage is killed at 20 moments and inside the saving of its model; nothing is lost."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.commands import dvc, environment, make_repository, python, run_in
from tests.pipeline.test_default_run import SHRUNK, STAGES

MOMENTS = 20
IN_SAVE = """
import os, runpy, sys, zipfile
stage, last = sys.argv.pop(), int(sys.argv.pop())
write = zipfile.ZipFile.writestr
calls = 0
def killed(*arguments, **options):
    global calls
    calls += 1
    if calls == last:
        os.kill(os.getpid(), 9)
    return write(*arguments, **options)
zipfile.ZipFile.writestr = killed
runpy.run_module(f"stages.{stage}", run_name="__main__")
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = make_repository(tmp_path_factory.mktemp("repository"), "default", *SHRUNK)
    dvc(folder, "repro")
    run_in(folder, ["git", "add", "-A"], environment())
    return folder


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_is_killed_at_any_moment_leaves_whole_outputs(repository, stage):
    before = snapshot(repository)
    start = time.monotonic()
    assert python(repository, f"stages.{stage}").returncode == 0
    duration = time.monotonic() - start
    for moment in range(MOMENTS):
        command = [sys.executable, "-m", f"stages.{stage}"]
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, cwd=repository, env=environment(), **pipes)
        try:
            process.wait(duration * (moment + 0.5) / MOMENTS)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert not untracked(repository)
    assert_back(repository, stage, before)


@pytest.mark.parametrize("stage", ["train", "train_head", "evaluate"])
@pytest.mark.parametrize("call", [1, 2, 4])
def test_a_kill_inside_the_saving_of_a_model_leaves_nothing_visible(repository, stage, call):
    before = snapshot(repository)
    command = [sys.executable, "-c", IN_SAVE, str(call), stage]
    assert run_in(repository, command, environment()).returncode == -signal.SIGKILL
    assert not untracked(repository)
    assert_back(repository, stage, before)


def snapshot(repository):
    return (repository / "dvc.lock").read_bytes()


def untracked(repository):
    """Files that Git shows beyond those of the run."""
    command = ["git", "ls-files", "--others", "--exclude-standard"]
    return run_in(repository, command, environment()).stdout


def assert_back(repository, stage, before):
    """The stage runs again, without a sweep by hand, and its outputs have the same bytes."""
    again = python(repository, f"stages.{stage}")
    assert again.returncode == 0, again.stderr
    assert not list(repository.rglob(".partial-*"))
    dvc(repository, "repro")
    assert snapshot(repository) == before
