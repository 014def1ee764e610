"""How a stage or a command ends: one message for a user's mistake, a traceback for a bug."""

import signal
import subprocess
import sys
import time

import pytest

from tests.commands import REPOSITORY, environment, run_in

CODE = """
import errno, os, signal, sqlite3
from convline.runtime.errors import UserError
from convline.runtime.runner import run

def main():
    try:
        {body}
    finally:
        print("cleaned up")

run(main, "stages.demo")
"""
AGAIN = "then run the same command again.\n"
DENIED = (
    f"stages.demo: no permission to use 'data/raw'. Change the permissions or the owner, {AGAIN}"
)
TOO_LARGE = (
    f"stages.demo: a file is larger than this system allows (ulimit -f). Raise the limit, {AGAIN}"
)
READ_ONLY = f"stages.demo: the file system is read-only. Use a folder that can be written, {AGAIN}"
NOT_WRITABLE = (
    f"stages.demo: no permission to write 'models'. Change the permissions or the owner, {AGAIN}"
)
NO_DATABASE = (
    "stages.demo: DVC cannot write its database. Check the free disk space, and the largest file "
    f"that this system allows (ulimit -f), {AGAIN}"
)
ESCAPED = "stages.demo: \\x1b[31mred.jpg: no image\n"
DISK_FULL = "stages.demo: the disk is full. Free some space, then run the same command again.\n"


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ("pass", 0, ""),
        ("raise UserError('seed: must be 0')", 1, "stages.demo: seed: must be 0\n"),
        ("raise OSError(errno.ENOSPC, 'full')", 1, DISK_FULL),
        ("raise RuntimeError('cannot write: No space left on device')", 1, DISK_FULL),
        ("raise PermissionError(errno.EACCES, 'Permission denied', 'data/raw')", 1, DENIED),
        ("raise PermissionError(errno.EPERM, 'x', 'models/.partial-a.keras')", 1, NOT_WRITABLE),
        ("raise RuntimeError('HDF5: File too large')", 1, TOO_LARGE),
        ("raise OSError(errno.EROFS, 'Read-only file system')", 1, READ_ONLY),
        ("raise sqlite3.OperationalError('disk I/O error')", 1, NO_DATABASE),
        (r"raise UserError('\x1b[31mred.jpg: no image')", 1, ESCAPED),
        ("raise KeyboardInterrupt", 130, ""),
        ("os.kill(os.getpid(), signal.SIGTERM)", 143, ""),
    ],
)
def test_the_end_is_a_status_and_one_message(tmp_path, body, status, message):
    result = run_code(tmp_path, body)
    assert (result.returncode, result.stdout) == (status, "cleaned up\n")
    assert result.stderr == message


@pytest.mark.parametrize("command", [["-m", "stages.train"], ["-m", "convline", "predict", "x"]])
@pytest.mark.parametrize("after", [0.2, 0.6, 1.2])
def test_ctrl_c_during_the_imports_prints_nothing(tmp_path, command, after):
    (tmp_path / "params.yaml").touch()
    variables = {**environment(), "PYTHONPATH": str(REPOSITORY)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, *command], cwd=tmp_path, env=variables, **pipes) as run:
        time.sleep(after)
        run.send_signal(signal.SIGINT)
        output, errors = run.communicate(timeout=60)
    assert run.returncode != 0
    assert output == ""
    assert "Traceback" not in errors


def test_a_bug_keeps_its_traceback(tmp_path):
    result = run_code(tmp_path, "raise ValueError('a bug')")
    assert result.returncode == 1
    assert result.stderr.startswith("Traceback")
    assert result.stderr.endswith("ValueError: a bug\n")


def run_code(folder, body):
    variables = {**environment(), "PYTHONPATH": str(REPOSITORY)}
    return run_in(folder, [sys.executable, "-c", CODE.format(body=body)], variables)


@pytest.mark.parametrize("stage", ["download", "train"])
def test_a_small_address_space_is_refused_before_tensorflow_crashes(stage):
    command = ["prlimit", "--as=2500000000", sys.executable, "-m", f"stages.{stage}"]
    result = run_in(REPOSITORY, command, environment())
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "this system allows 2.5 GB of address space (ulimit -v); TensorFlow needs 4 GB or more. "
        f"Raise the limit, {AGAIN}"
    )
